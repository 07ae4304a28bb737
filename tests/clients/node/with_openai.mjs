// OpenAI's own client for Node: its helpers for streams and its runner of tools.
import OpenAI from "openai";

import { MODEL, QUESTION, TASK, run, weather } from "./steps.mjs";

const parameters = {
  type: "object", properties: { city: { type: "string" } }, required: ["city"],
  additionalProperties: false,
};
const description = "Tell the weather in a city.";

async function chatAnswer() {
  const messages = [{ role: "user", content: QUESTION }];
  const stream = await new OpenAI().chat.completions.create({
    model: MODEL.chat, messages, stream: true,
  });
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? "";
  return text;
}

async function chatTools() {
  const runner = new OpenAI().chat.completions.runTools({
    model: MODEL.chat,
    stream: true,
    messages: [{ role: "user", content: TASK }],
    tools: [{
      type: "function",
      function: { name: "weather", description, parameters, parse: JSON.parse, function: weather },
    }],
  });
  return await runner.finalContent();
}

async function responsesAnswer() {
  const stream = new OpenAI().responses.stream({ model: MODEL.responses, input: QUESTION });
  let text = "";
  for await (const event of stream) if (event.type === "response.output_text.delta") text += event.delta;
  return text;
}

async function responsesTools() {
  const client = new OpenAI();
  let input = [{ role: "user", content: TASK }];
  let previous_response_id;
  for (;;) {
    const response = await client.responses.stream({
      model: MODEL.responses,
      input,
      previous_response_id,
      tools: [{ type: "function", name: "weather", description, parameters, strict: true }],
    }).finalResponse();
    const functionCalls = response.output.filter((item) => item.type === "function_call");
    if (!functionCalls.length) return response.output_text;
    previous_response_id = response.id;
    input = functionCalls.map((call) => ({
      type: "function_call_output",
      call_id: call.call_id,
      output: weather(JSON.parse(call.arguments)),
    }));
  }
}

await run({
  chat: { answer: chatAnswer, useTools: chatTools },
  responses: { answer: responsesAnswer, useTools: responsesTools },
});
