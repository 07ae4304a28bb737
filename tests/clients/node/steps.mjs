// Steps that every program of a client can be asked for, as programs/steps.py has them.
import { createInterface } from "node:readline";

export const QUESTION = "Why is the sky blue?";
export const TASK = "How is the weather in Oslo and in Köln?";
export const MODEL = { chat: "gpt-5-mini", responses: "gpt-5-mini", messages: "claude-sonnet-5" };

const calls = [];

export function weather({ city }) {
  calls.push({ city });
  return `In ${city} it rains.`;
}

// Each interface has two functions: one asks QUESTION and returns the streamed text, the other
// gives the model TASK and the tool `weather`, and returns the text after the calls.
export async function run(interfaces) {
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    Object.assign(process.env, request.environment);
    const { answer, useTools } = interfaces[request.interface];
    calls.length = 0;
    const outcome = { text: "", calls, error: "" };
    try {
      outcome.text = await (request.step === "tools" ? useTools : answer)();
    } catch (error) {
      console.error(`${error?.constructor?.name}: ${error?.message}`);
      outcome.error = error?.name && error.name !== "Error" ? error.name : error.constructor.name;
    }
    console.log(JSON.stringify(outcome));
  }
}
