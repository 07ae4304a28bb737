// Anthropic's own client for Node: its helper for streams and its runner of tools.
import Anthropic from "@anthropic-ai/sdk";
import { betaTool } from "@anthropic-ai/sdk/helpers/beta/json-schema";

import { MODEL, QUESTION, TASK, run, weather } from "./steps.mjs";

async function answer() {
  const stream = new Anthropic().messages.stream({
    model: MODEL.messages, max_tokens: 1024, messages: [{ role: "user", content: QUESTION }],
  });
  return await stream.finalText();
}

async function useTools() {
  const runner = new Anthropic().beta.messages.toolRunner({
    model: MODEL.messages,
    max_tokens: 1024,
    messages: [{ role: "user", content: TASK }],
    tools: [betaTool({
      name: "weather",
      description: "Tell the weather in a city.",
      inputSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      run: weather,
    })],
    stream: true,
  });
  let message;
  for await (const stream of runner) message = await stream.finalMessage();
  return message.content.map((block) => block.text ?? "").join("");
}

await run({ messages: { answer, useTools } });
