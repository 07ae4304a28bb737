// The services' own clients for Node, unchanged, against the stand-in.
//
// stand-in.mjs is the one of docs/stand-in.md; test_node_clients.py lays it beside this file.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";
import { betaTool } from "@anthropic-ai/sdk/helpers/beta/json-schema";
import { DeepgramClient } from "@deepgram/sdk";
import OpenAI from "openai";

import { standIn } from "./stand-in.mjs";

const SAID = "Because of scattering.";
const SOUND = Buffer.from(Int16Array.from({ length: 2400 }, (_, at) => 400 * (at % 40)).buffer);
const SKY = `[[answer]]
asked = "Why is the sky blue?"
text = "${SAID}"
input_tokens = 12
output_tokens = 5
`;
const LOOKING = `[[answer]]
asked = "How is it in Oslo and in Köln?"
tools = [
    {name = "weather", arguments = {city = "Oslo"}},
    {name = "weather", arguments = {city = "Köln"}},
]
[[answer]]
asked = "How is it in Oslo and in Köln?"
text = "Rain in both."
`;
const SCENARIO = `
${SKY}${SKY}
[[answer]]
asked = "How is the weather?"
text = "Let me see."
tools = [{name = "weather", arguments = {city = "Köln"}}]
${SKY}
${LOOKING}${LOOKING}${LOOKING}
[[answer]]
asked = "Cut?"
text = "Half of it"
fails = {kind = "cut"}
[[answer]]
asked = "And now?"
fails = {status = 429, kind = "rate_limit_error", message = "Slow down."}
[[say]]
text = "${SAID}"
wav = "said.wav"
`;
const ASK = { model: "any", messages: [{ role: "user", content: "Why is the sky blue?" }] };

const key = "a-key";
let here, openai, anthropic, deepgram;

before(async () => {
  await writeFile("said.wav", Buffer.concat([wavHead(SOUND.length, 24000), SOUND]));
  await writeFile("scenario.toml", SCENARIO);
  here = await standIn("scenario.toml", "--speed", "0");
  const [http, ws] = [here.anthropic_base_url, here.speak_url.replace("/v1/speak", "")];
  openai = new OpenAI({ apiKey: key, baseURL: here.openai_base_url, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: key, baseURL: http, maxRetries: 0 });
  const environment = { base: http, production: ws, agent: ws, agentRest: http };
  deepgram = new DeepgramClient({ apiKey: key, environment, maxRetries: 0 });
});
after(async () => {
  const { differences } = await here.end();
  assert.deepEqual(differences, []);
});

test("Speak v1: the sound of the scenario, and a clean close", async () => {
  const connection = await deepgram.speak.v1.createConnection({
    model: "aura-2-thalia-en", encoding: "linear16", sample_rate: 24000, reconnectAttempts: 0,
  });
  const { told, sound, code } = await conversation(connection, (open) => {
    open.sendText({ type: "Speak", text: SAID });
    open.sendFlush({ type: "Flush" });
    open.sendClose({ type: "Close" });
  });
  assert.deepEqual(told.map((message) => message.type), ["Metadata", "Flushed"]);
  assert.equal(told[0].model_name, "aura-2-thalia-en");
  assert.deepEqual(sound, SOUND);
  assert.equal(code, 1000);
});

test("Speak v2: a turn with its sound", async () => {
  const connection = await deepgram.speak.v2.createConnection({
    model: "flux-alexis-en", encoding: "linear16", sample_rate: 24000, reconnectAttempts: 0,
  });
  const { told, sound } = await conversation(connection, (open) => {
    open.sendSpeak({ type: "Speak", text: SAID });
    open.sendFlush({ type: "Flush" });
    open.sendClose({ type: "Close" });
  });
  const types = told.map((message) => message.type);
  assert.equal(types[0], "Connected");
  assert.ok(types.includes("SpeechStarted") && types.includes("SpeechMetadata"), types);
  assert.deepEqual(sound, SOUND);
});

test("Listen v1: what is spoken is what is heard", async () => {
  const connection = await deepgram.listen.v1.createConnection({
    model: "nova-3", encoding: "linear16", sample_rate: 24000, smart_format: "true",
    reconnectAttempts: 0,
  });
  const { told, code } = await conversation(connection, (open) => {
    open.sendMedia(SOUND);
    open.sendCloseStream({ type: "CloseStream" });
  });
  assert.deepEqual(told.map((message) => message.type), ["Results", "Results", "Metadata"]);
  assert.equal(told[0].channel.alternatives[0].transcript, SAID);
  assert.equal(told[2].duration, 0.1);
  assert.equal(code, 1000);
});

test("Listen v2: a turn of the user", async () => {
  const connection = await deepgram.listen.v2.createConnection({
    model: "flux-general-en", encoding: "linear16", sample_rate: 24000, keyterm: ["sky", "sea"],
    eager_eot_threshold: 0.5, reconnectAttempts: 0,
  });
  const { told, code } = await conversation(connection, (open) => {
    open.sendConfigure({ type: "Configure", thresholds: { eot_threshold: 0.8 } });
    open.sendMedia(Buffer.alloc(48000));
    open.sendCloseStream({ type: "CloseStream" });
  });
  assert.deepEqual(told.slice(0, 2).map((message) => message.type), ["Connected", "ConfigureSuccess"]);
  assert.deepEqual(told[1].keyterms, ["sky", "sea"]);
  const turns = told.filter((message) => message.event && message.event !== "Update");
  assert.deepEqual(turns.map((turn) => turn.event), ["StartOfTurn", "EagerEndOfTurn", "EndOfTurn"]);
  assert.equal(turns[2].transcript, SAID);
  assert.equal(code, 1005);
});

test("Speak over HTTP", async () => {
  const spoken = await deepgram.speak.v1.audio.generate({
    text: SAID, model: "aura-2-thalia-en", encoding: "linear16", container: "none",
    sample_rate: 24000,
  });
  assert.deepEqual(Buffer.from(await spoken.arrayBuffer()), SOUND);
});

test("Speech of OpenAI", async () => {
  const ask = { input: SAID, model: "gpt-4o-mini-tts", voice: "coral", response_format: "pcm" };
  const spoken = await openai.audio.speech.create(ask);
  assert.deepEqual(Buffer.from(await spoken.arrayBuffer()), SOUND);
});

test("A transcript of OpenAI", async () => {
  const file = new File([wavHead(SOUND.length, 24000), SOUND], "said.wav");
  const { text } = await openai.audio.transcriptions.create({ file, model: "gpt-4o-transcribe" });
  assert.equal(text, SAID);
});

test("Chat Completions, streamed", async () => {
  const stream = openai.chat.completions.stream({
    ...ASK, stream_options: { include_usage: true },
  });
  const { choices, usage } = await stream.finalChatCompletion();
  assert.equal(choices[0].message.content, SAID);
  assert.equal(choices[0].finish_reason, "stop");
  assert.deepEqual([usage.prompt_tokens, usage.completion_tokens], [12, 5]);
});

test("Responses, streamed", async () => {
  const stream = openai.responses.stream({ model: "any", input: "Why is the sky blue?" });
  assert.equal((await stream.finalResponse()).output_text, SAID);
});

test("Messages, streamed, with a call to a tool", async () => {
  const tools = [{ name: "weather", input_schema: { type: "object" } }];
  const messages = [{ role: "user", content: "How is the weather?" }];
  const stream = anthropic.messages.stream({ model: "any", max_tokens: 99, tools, messages });
  const { content, stop_reason } = await stream.finalMessage();
  assert.equal(content[0].text, "Let me see.");
  assert.deepEqual([content[1].name, content[1].input], ["weather", { city: "Köln" }]);
  assert.equal(stop_reason, "tool_use");
});

test("Messages, whole", async () => {
  const { content, usage } = await anthropic.messages.create({ ...ASK, max_tokens: 99 });
  assert.equal(content[0].text, SAID);
  assert.deepEqual([usage.input_tokens, usage.output_tokens], [12, 5]);
});

const LOOK = [{ role: "user", content: "How is it in Oslo and in Köln?" }];
const parameters = { type: "object", properties: { city: { type: "string" } } };
const weather = { name: "weather", description: "The weather in a city.", parameters };

test("Chat Completions: two tools in one answer, and a second step", async () => {
  const cities = [];
  const look = ({ city }) => { cities.push(city); return "Rain."; };
  const tool = { type: "function", function: { ...weather, parse: JSON.parse, function: look } };
  const runner = openai.chat.completions.runTools({
    model: "any", stream: true, messages: LOOK, tools: [tool],
  });
  assert.equal(await runner.finalContent(), "Rain in both.");
  assert.deepEqual(cities, ["Oslo", "Köln"]);
});

test("Responses: two tools in one answer, and their results alone", async () => {
  const tools = [{ type: "function", ...weather, strict: false }];
  const first = await openai.responses.stream({ model: "any", input: LOOK, tools }).finalResponse();
  const calls = first.output.filter((item) => item.type === "function_call");
  assert.deepEqual(calls.map((call) => JSON.parse(call.arguments).city), ["Oslo", "Köln"]);
  const input = calls.map((call) => (
    { type: "function_call_output", call_id: call.call_id, output: "Rain." }
  ));
  const second = openai.responses.stream({
    model: "any", input, tools, previous_response_id: first.id,
  });
  assert.equal((await second.finalResponse()).output_text, "Rain in both.");
});

test("Messages: two tools in one answer, and a second step of their thread", async () => {
  const cities = [];
  const { name, description } = weather;
  const run = ({ city }) => { cities.push(city); return "Rain."; };
  const runner = anthropic.beta.messages.toolRunner({
    model: "any", max_tokens: 99, stream: true, messages: LOOK,
    tools: [betaTool({ name, description, inputSchema: parameters, run })],
  });
  const message = await runner.runUntilDone();
  assert.equal(message.content[0].text, "Rain in both.");
  assert.deepEqual(cities, ["Oslo", "Köln"]);
});

test("a stream that is cut is the clients' own error", async () => {
  const messages = [{ role: "user", content: "Cut?" }];
  const stream = openai.chat.completions.stream({ model: "any", messages });
  await assert.rejects(stream.finalChatCompletion(), /terminated|Connection/);
});

test("refusals are the clients' own errors", async () => {
  const messages = [{ role: "user", content: "And now?" }];
  const asked = openai.chat.completions.create({ model: "any", messages });
  await assert.rejects(asked, OpenAI.RateLimitError);
});

async function conversation(connection, speak) {
  const told = [];
  const sound = [];
  const closed = new Promise((resolve) => connection.on("close", resolve));
  connection.on("message", (message) => (message.type ? told : sound).push(message));
  connection.connect();
  await connection.waitForOpen();
  speak(connection);
  const { code } = await closed;
  const frames = await Promise.all(sound.map((frame) => frame.arrayBuffer()));
  return { told, code, sound: Buffer.concat(frames.map((frame) => Buffer.from(frame))) };
}

function wavHead(size, rateHz) {
  const head = Buffer.alloc(44);
  head.write("RIFF");
  head.writeUInt32LE(36 + size, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rateHz, 24);
  head.writeUInt32LE(2 * rateHz, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(size, 40);
  return head;
}
