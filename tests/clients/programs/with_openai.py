"""OpenAI's own client: Chat Completions, and Responses with its helpers for streams."""

# pyright: basic, reportMissingImports=false
import json
from typing import Any

from openai import OpenAI
from steps import MODEL, QUESTION, TASK, run, weather

SCHEMA: Any = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER: Any = {
    "name": "weather",
    "description": "Tell the weather.",
    "parameters": SCHEMA,
    "strict": True,
}
TOOL: Any = {"type": "function", "function": WEATHER}
FLAT_TOOL: Any = {"type": "function", **WEATHER}


def chat_answer() -> str:
    stream = OpenAI().chat.completions.create(
        model=MODEL["chat"], messages=[{"role": "user", "content": QUESTION}], stream=True
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def chat_tools() -> str:
    client = OpenAI()
    messages: Any = [{"role": "user", "content": TASK}]
    while True:
        with client.chat.completions.stream(
            model=MODEL["chat"], messages=messages, tools=[TOOL]
        ) as stream:
            message = stream.get_final_completion().choices[0].message
        if not message.tool_calls:
            return message.content or ""
        messages.append(message)
        for call in message.tool_calls:
            result = weather(**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def responses_answer() -> str:
    events = OpenAI().responses.create(model=MODEL["responses"], input=QUESTION, stream=True)
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def responses_tools() -> str:
    client = OpenAI()
    items: Any = [{"role": "user", "content": TASK}]
    while True:
        with client.responses.stream(
            model=MODEL["responses"], input=items, tools=[FLAT_TOOL]
        ) as stream:
            response = stream.get_final_response()
        function_calls = [item for item in response.output if item.type == "function_call"]
        if not function_calls:
            return response.output_text
        items += response.output
        for call in function_calls:
            result = weather(**json.loads(call.arguments))
            items.append(
                {"type": "function_call_output", "call_id": call.call_id, "output": result}
            )


run({"chat": (chat_answer, chat_tools), "responses": (responses_answer, responses_tools)})
