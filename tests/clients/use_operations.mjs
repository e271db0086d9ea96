// As use_operations.py, with the SDK for Node.
//
// Usage: node use_operations.mjs PACKAGE BASE_URL KEY MODEL ABSENT

const [packageName, baseURL, apiKey, model, absent] = process.argv.slice(2);
const { default: OpenAI } = await import(packageName);
const { VERSION } = await import(`${packageName}/version`);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const asked = { model, prompt: "Say hello." };

async function vectors(fields) {
  return (await client.embeddings.create({ model, ...fields })).data.map((item) => item.embedding);
}

async function refusal() {
  try {
    await client.embeddings.create({ model: absent, input: "hello" });
    return [];
  } catch (error) {
    return [error.constructor.name, error.status, error.code];
  }
}

const choices = [];
for await (const chunk of await client.completions.create({ ...asked, stream: true })) choices.push(...chunk.choices);
const [verdict] = (await client.moderations.create({ model, input: "hello" })).results;
console.log(
  JSON.stringify({
    sdk: VERSION,
    usual: await vectors({ input: ["hello", "there"] }),
    floats: await vectors({ input: "hello", encoding_format: "float" }),
    tokens: await vectors({ input: [[1, 2], [3]], dimensions: 2 }),
    text: (await client.completions.create(asked)).choices[0].text,
    streamed: choices.map((choice) => choice.text).join(""),
    reasons: choices.at(-1).finish_reason,
    flagged: verdict.flagged,
    categories: [verdict.categories.violence, verdict.categories["harassment/threatening"]],
    bridged: (await client.completions.create({ ...asked, model: absent })).choices[0].text,
    absent: await refusal(),
  }),
);
