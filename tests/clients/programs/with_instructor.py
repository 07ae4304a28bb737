"""Instructor: answers as objects, which it has the models give by calling tools."""

# pyright: basic, reportMissingImports=false
from collections.abc import Iterable
from functools import partial

import instructor
from pydantic import BaseModel
from steps import MODEL, QUESTION, TASK, run, weather

PROVIDER = {"chat": "openai", "messages": "anthropic"}


class Explanation(BaseModel):
    """A short explanation."""

    text: str


class Weather(BaseModel):
    """A question about the weather."""

    city: str


class Report(BaseModel):
    """The weather everywhere."""

    text: str


def client(interface: str, mode: instructor.Mode = instructor.Mode.TOOLS):
    return instructor.from_provider(f"{PROVIDER[interface]}/{MODEL[interface]}", mode=mode)


def answer(interface: str) -> str:
    text = ""
    for part in client(interface).create_partial(
        response_model=Explanation,
        messages=[{"role": "user", "content": QUESTION}],
        max_tokens=1024,
    ):
        text = part.text
    return text


def use_tools(interface: str) -> str:
    messages = [{"role": "user", "content": TASK}]
    questions = client(interface, instructor.Mode.PARALLEL_TOOLS).create(
        response_model=Iterable[Weather], messages=messages, max_tokens=1024
    )
    results = [weather(question.city) for question in questions]
    messages.append({"role": "user", "content": "\n".join(results)})
    report = client(interface).create(response_model=Report, messages=messages, max_tokens=1024)
    return report.text


run({name: (partial(answer, name), partial(use_tools, name)) for name in PROVIDER})
