// As use_media.py, with the SDK for Node.
//
// Usage: node use_media.mjs PACKAGE BASE_URL KEY FOLDER

import { createReadStream } from "node:fs";
import { join } from "node:path";

const [packageName, baseURL, apiKey, folder] = process.argv.slice(2);
const { default: OpenAI } = await import(packageName);
const { VERSION } = await import(`${packageName}/version`);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const sound = () => createReadStream(join(folder, "speech.wav"));
const picture = () => createReadStream(join(folder, "dot.png"));
const dot = { prompt: "a dot" };

async function kindsOf(events) {
  const kinds = [];
  for await (const event of await events) kinds.push(event.type);
  return kinds;
}

async function pictures() {
  const made = await client.images.generate({ model: "relay/sdk-draw", ...dot, n: 1, size: "256x256" });
  const both = { image: [picture(), picture()], prompt: "two dots" };
  const changed = await client.images.edit({ model: "relay/sdk-edit", ...both });
  const varied = await client.images.createVariation({ model: "relay/sdk-vary", image: picture() });
  return {
    made: Buffer.from(made.data[0].b64_json, "base64").length,
    tokens: made.usage.total_tokens,
    changed: changed.data.length,
    varied: varied.data.length,
  };
}

async function speech() {
  const said = { model: "relay/sdk-say", voice: "alloy", input: "Hello." };
  const pieces = [];
  for await (const piece of (await client.audio.speech.create(said)).body) pieces.push(piece);
  const plain = await client.audio.speech.create(said);
  return {
    streamed: Buffer.concat(pieces).toString("latin1"),
    plain: Buffer.from(await plain.arrayBuffer()).toString("latin1"),
    type: plain.headers.get("content-type"),
  };
}

async function written() {
  const hear = (model, more = {}) =>
    client.audio.transcriptions.create({ model: `relay/${model}`, file: sound(), ...more });
  const plain = await hear("sdk-hear", { timestamp_granularities: ["word", "segment"] });
  const english = await client.audio.translations.create({ model: "relay/sdk-hear", file: sound() });
  return {
    text: plain.text,
    usage: plain.usage.total_tokens,
    bare: await hear("sdk-hear-text", { response_format: "text" }),
    english: english.text,
    events: await kindsOf(hear("sdk-hear-stream", { stream: true })),
  };
}

async function refusal() {
  try {
    await client.audio.transcriptions.create({ model: "none/deaf", file: sound() });
    return {};
  } catch (error) {
    return { class: error.constructor.name, code: error.code };
  }
}

const drawing = { model: "relay/sdk-draw-stream", ...dot, stream: true, partial_images: 1 };
console.log(
  JSON.stringify({
    sdk: VERSION,
    pictures: await pictures(),
    drawn: await kindsOf(client.images.generate(drawing)),
    speech: await speech(),
    written: await written(),
    refused: await refusal(),
  }),
);
