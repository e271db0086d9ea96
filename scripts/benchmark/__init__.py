"""What does a request cost on its way through a gateway, beside other gateways? This is the map.

`scripts/bench` runs `python -m scripts.benchmark`, which starts three kinds of processes:

    load ─▶ gateway ─▶ provider

- `__main__`: the command line; `runner`: who is started when and measured in which order
- `rows`: what is measured, with the requests and the configs' size in `setups`
- `certificate`: for the row with TLS
- `gateways`: ours and those written here, `bare` and `acompletion`; `compared`: somebody else's,
  from environments that `install` makes from `locks`, which `lock` writes
- `provider` with `answers`: the instant fake provider; `load` with `client`: the load generator
- `lives` with `mixed`: start, size and growth of a gateway
- `processes`: start, pin, stop, the first answer
- `measuring`: CPU and memory from /proc; `results`: medians; `goals`: what is aimed at
- `table`, `chart`, `machine`, `report`: what is printed
- `support`, a command of its own: what a stream costs with every provider
"""
