"""A module of an operator's own, as a text to lie beside a config."""

MODULE = '''
import asyncio
import pathlib
import threading
import lmproxy

class Answer(str):
    """As microcore's LLMResponse: a text that knows more."""

class Usage:
    def __init__(self, prompt_tokens, completion_tokens):
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens
        self.total_tokens = prompt_tokens + completion_tokens

def counted(text, choices=None):
    answer = Answer(text)
    answer.usage = Usage(3, 4)
    if choices:
        answer.choices = choices
    return answer

async def ok(prompt, **kwargs):
    return "ok"

async def shows(messages, **params):
    shown = sorted(name for name in params if name != "callback")
    return f"{messages[-1]['content']} {params['model']} {','.join(shown)}"

def plain(messages, model):
    assert threading.current_thread() is not threading.main_thread()
    return f"plain {model}"

async def says(messages, callback=None, **params):
    for word in ("one", " two", " three"):
        if callback:
            await callback(word)
    return counted("one two three")

async def object_with_content(messages, **params):
    class Made:
        content = "made"
        usage = {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}
    return Made()

async def tools(messages, **params):
    function = {"name": "add", "arguments": "{}"}
    call = {"id": "call_1", "type": "function", "function": function}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    return counted("", [choice])

async def breaks(messages, callback=None, **params):
    if callback:
        await callback("half")
    raise ValueError("canary in an error")

async def fails(messages, **params):
    raise ValueError("canary in an error")

def anything(prompt, **fields):
    return ",".join(fields)

async def leaves(messages, callback=None, **params):
    raise SystemExit("canary in an end")

def leaves_thread(messages, **params):
    raise SystemExit("canary in an end")

async def nothing(messages, **params):
    return None

async def never(messages, **params):
    await asyncio.Event().wait()

async def waits(messages, callback=None, **params):
    await callback("begun")
    try:
        await asyncio.Event().wait()
    finally:
        pathlib.Path("stopped").touch()

class Strategy:
    def __init__(self, word: str, api_key: str = "", times: int = 1):
        self.words = [word] * times + [api_key]

    async def __call__(self, messages, **params):
        return " ".join(self.words)

def factory(word: str):
    async def made(messages, **params):
        return word
    return made

class Store:
    def __init__(self, url: str):
        self.url = url

def helper():
    return "helped"

class Uses:
    def __init__(self):
        self.url = lmproxy.components["db"].url

    async def __call__(self, messages, **params):
        return f"{self.url} {lmproxy.components['helper']()}"

def without_model(prompt, **fields):
    return f"{prompt} {'model' in fields}"
'''
