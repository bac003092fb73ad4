"""OpenAI's client for Python against a server of the demo models."""
import base64
import enum
import os

import openai
import pydantic

client = openai.OpenAI(base_url=os.environ["FOVEA_URL"], api_key=os.environ["FOVEA_KEY"], max_retries=0)
picture = "data:image/png;base64," + base64.b64encode(open(os.environ["FOVEA_PICTURE"], "rb").read()).decode()
messages = [{"role": "user", "content": [
    {"type": "image_url", "image_url": {"url": picture, "detail": "high"}},
    {"type": "text", "text": "What is in the center?"}]}]
ANSWER = "An orange heart."

assert [m.id for m in client.models.list()] == ["demo", "demo:finder", "tools"]
assert client.models.retrieve("demo:finder").id == "demo:finder"

whole = client.chat.completions.create(model="demo", messages=messages)
assert whole.choices[0].message.content == ANSWER and whole.choices[0].finish_reason == "stop"
assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
chunks = list(client.chat.completions.create(
    model="demo", messages=messages, stream=True, stream_options={"include_usage": True}))
assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == ANSWER
assert chunks[-1].usage.total_tokens == whole.usage.total_tokens
assert whole.usage.prompt_tokens_details.cached_tokens >= 0

drawn = client.chat.completions.create(model="demo", messages=messages, temperature=1.5, seed=3, n=2, stop=["zebra"])
again = client.chat.completions.create(model="demo", messages=messages, temperature=1.5, seed=3, n=2, stop=["zebra"])
assert len(drawn.choices) == 2
assert [c.message.content for c in drawn.choices] == [c.message.content for c in again.choices]
cut = client.chat.completions.create(model="demo", messages=messages, max_completion_tokens=2)
assert cut.choices[0].finish_reason == "length" and cut.usage.completion_tokens == 2

found = client.chat.completions.create(model="demo:finder", messages=[{"role": "user", "content": [
    {"type": "image_url", "image_url": {"url": picture}}, {"type": "text", "text": "<OD>"}]}])
assert "yellow moon" in found.model_extra["fovea"]["parsed"]["<OD>"]["labels"]

file = client.files.create(file=open(os.environ["FOVEA_PICTURE"], "rb"), purpose="vision")
assert file.id in [f.id for f in client.files.list()]
by_file = client.chat.completions.create(model="demo", messages=[{"role": "user", "content": [
    {"type": "file", "file": {"file_id": file.id}}, {"type": "text", "text": "What is in the center?"}]}])
assert by_file.choices[0].message.content == ANSWER
assert client.files.content(file.id).read() == open(os.environ["FOVEA_PICTURE"], "rb").read()
assert client.files.delete(file.id).deleted

items = [{"role": "user", "content": [
    {"type": "input_image", "image_url": picture, "detail": "auto"},
    {"type": "input_text", "text": "What is in the center?"}]}]
assert client.responses.create(model="demo", input=items).output_text == ANSWER
events = list(client.responses.create(model="demo", input=items, stream=True))
assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == ANSWER
assert events[-1].type == "response.completed" and events[-1].response.output_text == ANSWER
assert events[-1].response.usage.input_tokens_details.cached_tokens >= 0

raw = client.completions.create(model="demo", prompt="A red", max_tokens=4, echo=True)
assert raw.choices[0].text.startswith("A red")
streamed = client.completions.create(model="demo", prompt="A red", max_tokens=4, echo=True, stream=True)
assert "".join(c.choices[0].text for c in streamed) == raw.choices[0].text


class Unit(enum.Enum):
    CELSIUS = "C"
    KELVIN = "K"


class Weather(pydantic.BaseModel):
    """Tells the weather of a city."""

    days: int = pydantic.Field(ge=1, le=7)
    unit: Unit


asked = [{"role": "user", "content": "What is the weather in Bonn?"}]
strict = [openai.pydantic_function_tool(Weather)]
called = client.chat.completions.parse(model="tools", messages=asked, tools=strict, tool_choice="required")
[call] = called.choices[0].message.tool_calls
assert isinstance(call.function.parsed_arguments, Weather) and 1 <= call.function.parsed_arguments.days <= 7
# Of itself the demo's model calls nothing, whatever it may.
free = client.chat.completions.parse(model="tools", messages=messages, tools=strict, parallel_tool_calls=False)
assert free.choices[0].message.content and not free.choices[0].message.tool_calls
formed = client.chat.completions.parse(model="tools", messages=asked, tools=strict, response_format=Weather)
assert isinstance(formed.choices[0].message.parsed, Weather) or formed.choices[0].message.tool_calls
assert isinstance(client.responses.parse(model="demo", input="Bonn?", text_format=Weather).output_parsed, Weather)


def fails(kind, **options):
    try:
        client.chat.completions.create(**{"model": "demo", "messages": messages, **options})
    except kind as e:
        return e
    raise AssertionError(f"{options} did not fail")


assert fails(openai.BadRequestError, reasoning_effort="low").param == "reasoning_effort"
assert fails(openai.NotFoundError, model="lost").code == "model_not_found"
client.api_key = "wrong-key"
assert fails(openai.AuthenticationError).code == "invalid_api_key"
print("ok")
