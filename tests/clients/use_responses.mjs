// As use_responses.py, with the SDK for Node.
//
// Usage: node use_responses.mjs PACKAGE BASE_URL KEY MODEL MODEL_WHOSE_STREAM_BREAKS

const [packageName, baseURL, apiKey, model, broken] = process.argv.slice(2);
const { default: OpenAI } = await import(packageName);
const { VERSION } = await import(`${packageName}/version`);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const asked = { model, input: "Say hello in one word." };

async function kindsOf(events, kinds = []) {
  for await (const event of events) kinds.push(event.type);
  return kinds;
}

async function whole() {
  const stream = client.responses.stream(asked);
  const kinds = await kindsOf(stream);
  return { kinds, text: (await stream.finalResponse()).output_text };
}

// What is made of a response that is kept, which is deleted in the end.
async function stored(id) {
  const read = await client.responses.retrieve(id);
  const kinds = await kindsOf(await client.responses.retrieve(id, { stream: true }));
  const items = [];
  for await (const item of client.responses.inputItems.list(id, { limit: 1 })) items.push(item.type);
  const { status } = await client.responses.cancel(id);
  await client.responses.delete(id);
  return { id: read.id === id, last: kinds.at(-1), items, status };
}

async function brokenStream() {
  const kinds = [];
  try {
    await kindsOf(await client.responses.create({ ...asked, model: broken, stream: true }), kinds);
    return { kinds };
  } catch (error) {
    return { kinds, class: error.constructor.name, code: error.code };
  }
}

async function refusal(id) {
  try {
    await client.responses.retrieve(id);
    return {};
  } catch (error) {
    return { class: error.constructor.name, status: error.status };
  }
}

const first = await client.responses.create(asked);
const after = await client.responses.create({ model, input: "And?", previous_response_id: first.id });
console.log(
  JSON.stringify({
    sdk: VERSION,
    plain: { text: first.output_text, tokens: first.usage?.total_tokens },
    after: after.output_text,
    stream: await whole(),
    stored: await stored(first.id),
    broken: await brokenStream(),
    gone: await refusal(first.id),
  }),
);
