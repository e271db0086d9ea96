"""A module as an operator of lm-proxy would write it, given to both. It imports neither of them."""

OWN_CODE = """
import json


def append(file_name, entry):
    with open(file_name, "a") as file:
        file.write(json.dumps(entry) + "\\n")


def whose(key):
    users = {"anna": ("team", {"name": "anna"}), "bert": "team", "carl": ("guests", {})}
    return users.get(key)


def told(messages, params):
    known = {name: value for name, value in params.items() if name != "callback"}
    return json.dumps([[message["content"] for message in messages], known], sort_keys=True)


async def answer(messages, **params):
    if "callback" in params:
        for piece in ("in ", "two"):
            await params["callback"](piece)
        return "in two"
    return told(messages, params)


class Instance:
    def __init__(self, prefix):
        self.prefix = prefix

    async def __call__(self, messages, **params):
        return self.prefix + told(messages, params)


def infer(messages, **params):
    return told(messages, params)


class Thing:
    def __init__(self, size):
        self.size, self.tags = size, ["first", "last"]

    @property
    def double(self):
        return 2 * self.size


class Handler:
    def __init__(self, file_name):
        self.file_name = file_name

    async def __call__(self, ctx):
        ctx.extra["name"] = ctx.user_info.get("name", "anonymous")
        if ctx.llm_params.get("max_tokens", 0) > 5:
            ctx.llm_params["max_tokens"] = 5
        if ctx.request.user == "filtered":
            headers = {**ctx.llm_params.get("extra_headers", {}), "X-Team": ctx.group}
            more = {"top_k": 3}
            ctx.llm_params = {"model": ctx.model, "extra_headers": headers, "extra_body": more}
        names = ("group", "connection", "remote_addr", "response", "error", "duration", "extra")
        seen = {name: getattr(ctx, name) for name in names}
        seen["asked"] = ctx.request.model
        seen["words"] = ctx.request.messages[0]["content"]
        seen["temperature"] = [ctx.request.temperature, ctx.llm_params.get("temperature")]
        seen["model"] = ctx.model
        seen["asked_for"] = ctx.request.model_dump(exclude={"messages"}, exclude_none=True)
        append(self.file_name, seen)
        ctx.extra["thing"] = Thing(3)


def transform(ctx):
    usage = getattr(ctx.response, "usage", None)
    return {
        "words": ctx.request.messages[0]["content"],
        "response": None if ctx.response is None else str(ctx.response),
        "tokens": usage and usage["total_tokens"],
        "max_tokens": [ctx.request.max_tokens, ctx.llm_params.get("max_tokens")],
        "group": ctx.group,
        "connection": ctx.connection,
        "user_info": ctx.user_info,
        "extra": {name: value for name, value in ctx.extra.items() if name != "thing"},
        "model": ctx.model,
    }


def write(entry):
    append("written.jsonl", entry)
"""
