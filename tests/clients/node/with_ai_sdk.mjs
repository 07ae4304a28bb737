// Vercel's `ai` with its providers for OpenAI and Anthropic.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

import { MODEL, QUESTION, TASK, run, weather } from "./steps.mjs";

const models = {
  chat: () => createOpenAI().chat(MODEL.chat),
  responses: () => createOpenAI()(MODEL.responses),
  // This provider, unlike others, wants the version in the address.
  messages: () => createAnthropic({ baseURL: `${process.env.ANTHROPIC_BASE_URL}/v1` })(MODEL.messages),
};
const tools = {
  weather: tool({
    description: "Tell the weather in a city.",
    inputSchema: z.object({ city: z.string() }),
    execute: async (input) => weather(input),
  }),
};

async function ask(model, prompt, options = {}) {
  let text = "";
  let failure;
  const result = streamText({
    model, prompt, ...options, onError: ({ error }) => { failure = error; },
  });
  for await (const delta of result.textStream) text += delta;
  if (failure) throw failure;
  return options.tools ? await result.text : text;
}

const interfaces = Object.entries(models).map(([name, model]) => [name, {
  answer: () => ask(model(), QUESTION),
  useTools: () => ask(model(), TASK, { tools, stopWhen: stepCountIs(5) }),
}]);

await run(Object.fromEntries(interfaces));
