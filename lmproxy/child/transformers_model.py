"""What does a model of Hugging Face's Transformers say? Needs `torch` and `transformers`."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import transformers

from lmproxy.child.prompt import prompt_of
from lmproxy.child.stopping import Stopping
from lmproxy.child.wishes import USUAL_TOKENS, Unfit, Wishes

NOT_FOR_LOADING = {
    "tokenizer", "device", "quantize_4bit", "always_clear_mem", "stops_from_chat_template",
}  # fmt: skip
"""Parameters that mean something here; all others are `from_pretrained`'s."""
SHARED = ("trust_remote_code", "revision", "cache_dir", "local_files_only")
"""Those that are for the tokenizer as well."""
UNFINISHED = "\ufffd"
"""Stands for a character of which some bytes are missing."""

Gone = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class End:
    """How a choice ended. `reason` is OpenAI's finish reason."""

    tokens: int
    reason: str


class Model:
    """A causal language model and its tokenizer. Answers one request at a time."""

    def __init__(self, name: str, params: dict[str, Any]) -> None:
        """Load them.

        Args:
            name: a folder, or a name on the hub.
            params: what the config says in `init_params`.
        """
        shared = {k: params[k] for k in SHARED if k in params}
        source = params.get("tokenizer", name)
        self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(source, **shared)
        self._model: Any = transformers.AutoModelForCausalLM.from_pretrained(
            name, **_loading(params)
        )
        if "device_map" not in params and not params.get("quantize_4bit"):
            self._model.to(params.get("device") or _usual_device())
        self._model.eval()
        self._clears_memory = params.get("always_clear_mem", False)
        self._ends = set(_end_tokens(self._tokenizer, self._model))
        self._stops: tuple[str, ...] = ()
        if params.get("stops_from_chat_template", True):
            self._take_ending(_ending(self._tokenizer))

    def _take_ending(self, ending: str) -> None:
        """Have answers end where the template ends those of the assistant."""
        tokens = self._tokenizer.encode(ending, add_special_tokens=False) if ending else []
        if len(tokens) == 1:
            self._ends.add(tokens[0])
        elif ending:
            self._stops = (ending,)

    def prompt(self, wishes: Wishes) -> list[int]:
        """The tokens of a request's messages.

        Raises:
            Unfit: the template does not take them, or they are too many.
        """
        if self._tokenizer.chat_template is None:
            tokens = list(self._tokenizer.encode(prompt_of(wishes.messages)))
        else:
            tokens = self._templated(wishes.messages)
        most = self.context_tokens
        if most is not None and len(tokens) >= most:
            raise Unfit(
                f"This model's maximum context length is {most} tokens, and the messages have "
                f"{len(tokens)}. Shorten them.",
                "messages",
                "context_length_exceeded",
            )
        return tokens

    def _templated(self, messages: list[dict[str, Any]]) -> list[int]:
        try:
            text = self._tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=False
            )
        except Exception as error:  # noqa: BLE001 - a template is a program of the model's maker.
            words = f"The model's chat template does not take these messages: {error}"
            raise Unfit(words, "messages") from None
        return list(self._tokenizer.encode(text, add_special_tokens=False))

    def begin(self, wishes: Wishes) -> None:
        """Before the first choice of a request."""
        if wishes.seed is not None:
            transformers.set_seed(wishes.seed)
        if self._clears_memory:
            gc.collect()
            torch.cuda.empty_cache()

    @property
    def context_tokens(self) -> int | None:
        """Prompt and answer together; `None`: the model does not say."""
        config = self._model.config.get_text_config()
        most = getattr(config, "max_position_embeddings", None)
        return most if isinstance(most, int) else None

    def answer(
        self, prompt: list[int], wishes: Wishes, say: Callable[[str], None], gone: Gone
    ) -> End:
        """Generate one choice.

        Args:
            say: called with its texts as they come.
            gone: asked after each token whether nobody waits for it any more.
        """
        stopping = Stopping((*wishes.stops, *self._stops), say)
        given = torch.tensor([prompt], device=self._model.device)
        made = self._model.generate(
            given,
            attention_mask=torch.ones_like(given),
            max_new_tokens=self._most(len(prompt), wishes),
            eos_token_id=sorted(self._ends) or None,
            pad_token_id=self._padding(),
            streamer=Teller(self._tokenizer, stopping),
            stopping_criteria=transformers.StoppingCriteriaList(
                [Until(lambda: stopping.is_over or gone())]
            ),
            **wishes.sampling,
        )
        stopping.end()
        tokens = made[0][len(prompt) :].tolist()
        has_ended = stopping.is_over or (tokens and tokens[-1] in self._ends)
        return End(len(tokens), "stop" if has_ended else "length")

    def _most(self, prompt_tokens: int, wishes: Wishes) -> int:
        most = wishes.max_tokens or USUAL_TOKENS
        context = self.context_tokens
        return most if context is None else min(most, context - prompt_tokens)

    def _padding(self) -> int:
        padding = self._tokenizer.pad_token_id
        return padding if padding is not None else min(self._ends, default=0)


class Teller(transformers.generation.streamers.BaseStreamer):  # type: ignore[misc]
    """Tells a text while its tokens are made, as soon as they are whole characters.

    Tokens are decoded behind those before them: what some of them are depends on it.
    """

    def __init__(self, tokenizer: Any, stopping: Stopping) -> None:
        self._tokenizer = tokenizer
        self._stopping = stopping
        self._tokens: list[int] = []
        self._before = self._told = 0
        self._is_prompt = True

    def put(self, value: Any) -> None:
        """Called by Transformers, first with the prompt, then with each token."""
        if self._is_prompt:
            self._is_prompt = False
            return
        self._tokens += value.flatten().tolist()
        self._tell(is_last=False)

    def end(self) -> None:
        """Called by Transformers behind the last token."""
        self._tell(is_last=True)

    def _tell(self, *, is_last: bool) -> None:
        known = self._text(self._tokens[self._before : self._told])
        text = self._text(self._tokens[self._before :])
        if len(text) > len(known) and (is_last or not text.endswith(UNFINISHED)):
            self._before, self._told = self._told, len(self._tokens)
            self._stopping.add(text[len(known) :])

    def _text(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))


class Until(transformers.StoppingCriteria):  # type: ignore[misc]
    """Ends a generation when `is_over` says so."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        self._is_over = is_over

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        """Called by Transformers after each token; whether each sequence is done."""
        done = (input_ids.shape[0],)
        return torch.full(done, self._is_over(), device=input_ids.device, dtype=torch.bool)


def _loading(params: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in params.items() if name not in NOT_FOR_LOADING}
    given["dtype"] = given.pop("torch_dtype", None) or given.get("dtype", "auto")
    if params.get("quantize_4bit"):
        given["quantization_config"] = transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=torch.bfloat16,
            bnb_4bit_use_double_quant=True,
        )
        given.setdefault("device_map", "auto")
    return given


def _usual_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _end_tokens(tokenizer: Any, model: Any) -> Iterator[int]:
    """The tokens that end an answer, as tokenizer and model say."""
    said = model.generation_config.eos_token_id
    for token in (tokenizer.eos_token_id, *(said if isinstance(said, list) else [said])):
        if isinstance(token, int):
            yield token


def _ending(tokenizer: Any) -> str:
    """What the chat template writes behind an assistant's message; `""`: it cannot be told."""
    if tokenizer.chat_template is None:
        return ""
    said = "a message of the assistant"
    messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": said}]
    try:
        text = tokenizer.apply_chat_template(messages, tokenize=False)
    except Exception:  # noqa: BLE001 - a template is a program of the model's maker.
        return ""
    return str(text.rpartition(said)[2].strip()) if said in text else ""
