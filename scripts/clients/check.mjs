// OpenAI's client for Node against a server of the demo models.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import OpenAI, { toFile } from 'openai';

const client = new OpenAI({ baseURL: process.env.FOVEA_URL, apiKey: process.env.FOVEA_KEY, maxRetries: 0 });
const bytes = fs.readFileSync(process.env.FOVEA_PICTURE);
const picture = 'data:image/png;base64,' + bytes.toString('base64');
const ANSWER = 'An orange heart.';
const messages = [{ role: 'user', content: [
  { type: 'image_url', image_url: { url: picture } },
  { type: 'text', text: 'What is in the center?' }] }];

const models = [];
for await (const model of await client.models.list()) models.push(model.id);
assert.deepEqual(models, ['demo', 'demo:finder', 'tools']);

const whole = await client.chat.completions.create({ model: 'demo', messages });
assert.equal(whole.choices[0].message.content, ANSWER);
let text = '';
for await (const chunk of await client.chat.completions.create({ model: 'demo', messages, stream: true })) {
  text += chunk.choices[0]?.delta?.content ?? '';
}
assert.equal(text, ANSWER);
const runner = client.chat.completions.stream({ model: 'demo', messages, stream_options: { include_usage: true } });
assert.equal(await runner.finalContent(), ANSWER);
assert.equal((await runner.totalUsage()).completion_tokens, whole.usage.completion_tokens);

const file = await client.files.create({ file: await toFile(bytes, 'one.png'), purpose: 'vision' });
const byFile = await client.chat.completions.create({ model: 'demo', messages: [{ role: 'user', content: [
  { type: 'file', file: { file_id: file.id } }, { type: 'text', text: 'What is in the center?' }] }] });
assert.equal(byFile.choices[0].message.content, ANSWER);
assert.equal((await client.files.delete(file.id)).deleted, true);

const input = [{ role: 'user', content: [
  { type: 'input_image', image_url: picture, detail: 'auto' },
  { type: 'input_text', text: 'What is in the center?' }] }];
assert.equal((await client.responses.create({ model: 'demo', input })).output_text, ANSWER);
const stream = client.responses.stream({ model: 'demo', input });
assert.equal((await stream.finalResponse()).output_text, ANSWER);

await assert.rejects(client.chat.completions.create({ model: 'demo', messages, reasoning_effort: 'low' }),
  (e) => e instanceof OpenAI.BadRequestError && e.param === 'reasoning_effort');
const stopped = await client.chat.completions.create({ model: 'demo', messages, stream: true, max_tokens: 4000 });
stopped.controller.abort();
console.log('ok');
