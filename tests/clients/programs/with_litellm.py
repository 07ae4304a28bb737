"""LiteLLM on both providers: one function for all of them."""

# pyright: basic, reportMissingImports=false
import json
import os
from functools import partial

# Its prices come with the package, too; else it fetches them.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from steps import MODEL, QUESTION, TASK, run, weather

PROVIDER = {"chat": "openai", "messages": "anthropic", "responses": "openai"}
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tell the weather.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


def completion(interface: str, messages: list, **options):
    return litellm.completion(
        model=f"{PROVIDER[interface]}/{MODEL[interface]}",
        messages=messages,
        stream=True,
        num_retries=2,
        **options,
    )


def answer(interface: str) -> str:
    chunks = completion(interface, [{"role": "user", "content": QUESTION}])
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def use_tools(interface: str) -> str:
    messages: list = [{"role": "user", "content": TASK}]
    while True:
        chunks = list(completion(interface, messages, tools=[TOOL]))
        message = litellm.stream_chunk_builder(chunks, messages).choices[0].message
        if not message.tool_calls:
            return message.content
        messages.append(message.model_dump())
        for call in message.tool_calls:
            result = weather(**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def responses_answer() -> str:
    events = litellm.responses(
        model=f"openai/{MODEL['responses']}", input=QUESTION, stream=True, num_retries=2
    )
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def responses_tools() -> str:
    items: list = [{"role": "user", "content": TASK}]
    while True:
        response = litellm.responses(
            model=f"openai/{MODEL['responses']}",
            input=items,
            tools=[{"type": "function", **TOOL["function"]}],
        )
        function_calls = [item for item in response.output if item.type == "function_call"]
        if not function_calls:
            return response.output[-1].content[0].text
        items += [item.model_dump() for item in response.output]
        for call in function_calls:
            result = weather(**json.loads(call.arguments))
            items.append(
                {"type": "function_call_output", "call_id": call.call_id, "output": result}
            )


run(
    {
        **{
            name: (partial(answer, name), partial(use_tools, name)) for name in ("chat", "messages")
        },
        "responses": (responses_answer, responses_tools),
    }
)
