"""Google before aimock, which reads tools by one of their two spellings; Google reads both."""

import httpx

from tests.provider.exchange import Behaviour, Exchange

SPELLINGS = {
    b'"function_declarations"': b'"functionDeclarations"',
    b'"function_call"': b'"functionCall"',
    b'"function_response"': b'"functionResponse"',
}


def reads_both_spellings(url: str) -> Behaviour:
    """Have the emulator at this address answer what it is asked in the spelling it knows."""

    async def behave(exchange: Exchange) -> None:
        body = exchange.request.body
        for ours, its in SPELLINGS.items():
            body = body.replace(ours, its)
        key = exchange.request.header("x-goog-api-key") or ""
        async with httpx.AsyncClient(headers={"x-goog-api-key": key}) as client:
            answer = await client.post(f"{url}{exchange.request.path}", content=body)
        kind = ("Content-Type", answer.headers["content-type"])
        length = ("Content-Length", str(len(answer.content)))
        await exchange.send_head(answer.status_code, headers=[kind, length])
        await exchange.send_raw(answer.content)

    return behave
