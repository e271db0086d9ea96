"""What does a request cost on its way through a gateway, compared with other ways? The map.

`scripts/bench` runs `python -m scripts.benchmark`, which starts three kinds of processes:

    load ─▶ gateway ─▶ provider

- `__main__`: the command line; `runner`: rows × gateways × rounds, interleaved
- `rows`: what is measured; `gateways`: how each is started, with `configs`; `environments`: their installs
- `provider` with `answers`: the instant fake provider; `load` with `client` and `paced`: the clients
- `bare`, `acompletion`: the two servers we compare with, written here
- `processes`: start, pin, stop, first answer; `measuring`: CPU and memory from /proc
- `results`: medians; `goals`: what is aimed at; `table`, `chart`, `machine`: what is printed
"""
