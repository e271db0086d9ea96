// A user of an SDK for Node, run with the SDK that is tried. Prints what it saw as JSON.
//
// Usage: node use_sdk.mjs PACKAGE BASE_URL KEY MODELS
//
// BASE_URL is the proxy's, without a prefix. MODELS is a JSON object of the model to ask for each thing.

const [packageName, url, key, models] = process.argv.slice(2);
const ask = JSON.parse(models);
const HELLO = [{ role: "user", content: "Say hello." }];
const PROMPT = "How many lines has notes.txt?";
const PRINTED = "3 notes.txt";
const SCHEMA = { type: "object", properties: { command: { type: "string" } }, required: ["command"] };

async function failureOf(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    return { name: error.constructor.name, status: error.status ?? error.statusCode ?? null, message: error.message };
  }
}

async function timed(promise) {
  const begun = performance.now();
  const text = await promise;
  return { text, seconds: (performance.now() - begun) / 1000 };
}

async function openai(OpenAI) {
  const client = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 });
  const patient = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 1 });
  const stranger = new OpenAI({ apiKey: "not-a-key", baseURL: `${url}/v1`, maxRetries: 0 });
  const chat = (to, model) => to.chat.completions.create({ model, messages: HELLO });
  const text = async (answer) => (await answer).choices[0].message.content;
  async function stream(model) {
    let said = "";
    const chunks = await client.chat.completions.create({ model, messages: HELLO, stream: true });
    for await (const chunk of chunks) said += chunk.choices[0]?.delta?.content ?? "";
    return said;
  }
  async function loop(model) {
    const tools = [{ type: "function", function: { name: "Bash", parameters: SCHEMA } }];
    const messages = [{ role: "user", content: PROMPT }];
    const { message } = (await client.chat.completions.create({ model, messages, tools })).choices[0];
    const [call] = message.tool_calls;
    messages.push(message, { role: "tool", tool_call_id: call.id, content: PRINTED });
    const answer = await text(client.chat.completions.create({ model, messages, tools }));
    return { command: JSON.parse(call.function.arguments).command, answer };
  }
  const plain = await chat(client, ask.plain);
  return {
    plain: plain.choices[0].message.content,
    tokens: [plain.usage.prompt_tokens, plain.usage.completion_tokens],
    stream: await stream(ask.plain),
    loop: await loop(ask.loop),
    models: (await client.models.list()).data.map((model) => model.id),
    response: (await client.responses.create({ model: ask.response, input: "Say hello." })).output_text,
    vector: (await client.embeddings.create({ model: ask.plain, input: "hello" })).data[0].embedding,
    stranger: await failureOf(chat(stranger, ask.plain)),
    refused: await failureOf(chat(client, ask.refused)),
    broken: await failureOf(stream(ask.broken)),
    locked: await failureOf(chat(patient, ask.locked)),
    waited: await timed(text(chat(patient, ask.busy))),
  };
}

async function anthropic(Anthropic) {
  const client = new Anthropic({ apiKey: key, baseURL: url, maxRetries: 0 });
  const patient = new Anthropic({ apiKey: key, baseURL: url, maxRetries: 1 });
  const stranger = new Anthropic({ apiKey: "not-a-key", baseURL: url, maxRetries: 0 });
  const request = (model) => ({ model, max_tokens: 64, messages: HELLO });
  const text = async (answer) => (await answer).content[0].text;
  const stream = (model) => client.messages.stream(request(model)).finalText();
  async function final(model) {
    const message = await client.messages.stream(request(model)).finalMessage();
    return [message.role, message.stop_reason, message.usage.output_tokens];
  }
  async function loop(model) {
    const tools = [{ name: "Bash", input_schema: SCHEMA }];
    const messages = [{ role: "user", content: PROMPT }];
    const { content } = await client.messages.create({ model, max_tokens: 64, messages, tools });
    const call = content.find((block) => block.type === "tool_use");
    const result = { type: "tool_result", tool_use_id: call.id, content: PRINTED };
    messages.push({ role: "assistant", content }, { role: "user", content: [result] });
    const answer = await text(client.messages.create({ model, max_tokens: 64, messages, tools }));
    return { command: call.input.command, answer };
  }
  const plain = await client.messages.create(request(ask.plain));
  const { max_tokens: _, ...countable } = request(ask.plain);
  return {
    plain: plain.content[0].text,
    tokens: [plain.usage.input_tokens, plain.usage.output_tokens],
    stream: await stream(ask.plain),
    loop: await loop(ask.loop),
    models: (await client.models.list()).data.map((model) => model.id),
    count: (await client.messages.countTokens(countable)).input_tokens,
    final: await final(ask.plain),
    stranger: await failureOf(stranger.messages.create(request(ask.plain))),
    refused: await failureOf(client.messages.create(request(ask.refused))),
    broken: await failureOf(stream(ask.broken)),
    locked: await failureOf(patient.messages.create(request(ask.locked))),
    waited: await timed(text(patient.messages.create(request(ask.busy)))),
  };
}

async function vercel(make) {
  const { generateText, streamText, tool, jsonSchema, stepCountIs, isStepCount } = await import("ai");
  const once = { messages: HELLO, maxRetries: 0 };
  const stop = stepCountIs ?? isStepCount;
  let command = null;
  const Bash = tool({
    inputSchema: jsonSchema(SCHEMA),
    execute: (input) => {
      command = input.command;
      return PRINTED;
    },
  });
  const provider = make(key);
  const text = async (answer) => (await answer).text;
  async function stream(model) {
    let failed = null;
    const { textStream } = streamText({ model: provider(model), ...once, onError: ({ error }) => { failed = error; } });
    let said = "";
    for await (const piece of textStream) said += piece;
    if (failed) throw failed;
    return said;
  }
  const plain = await generateText({ model: provider(ask.plain), ...once });
  const looped = { model: provider(ask.loop), prompt: PROMPT, tools: { Bash }, stopWhen: stop(3), maxRetries: 0 };
  const answer = await text(generateText(looped));
  const failing = (model, by = provider) => failureOf(generateText({ model: by(model), ...once }));
  return {
    plain: plain.text,
    tokens: [plain.usage.inputTokens, plain.usage.outputTokens],
    stream: await stream(ask.plain),
    loop: { command, answer },
    stranger: await failing(ask.plain, make("not-a-key")),
    refused: await failing(ask.refused),
    broken: await failureOf(stream(ask.broken)),
    locked: await failing(ask.locked),
    waited: await timed(text(generateText({ model: provider(ask.busy), messages: HELLO, maxRetries: 1 }))),
  };
}

async function run() {
  const sdk = await import(packageName);
  if (packageName.startsWith("openai")) return openai(sdk.default);
  if (packageName.includes("anthropic-sdk") || packageName === "@anthropic-ai/sdk") return anthropic(sdk.default);
  if (packageName === "@ai-sdk/anthropic") {
    return vercel((apiKey) => sdk.createAnthropic({ apiKey, baseURL: `${url}/v1` }));
  }
  return vercel((apiKey) => sdk.createOpenAICompatible({ name: "proxy", apiKey, baseURL: `${url}/v1` }));
}

console.log(JSON.stringify(await run()));
