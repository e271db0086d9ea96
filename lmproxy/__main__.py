"""`python -m lmproxy` is `oai-proxy`."""

from lmproxy.cli import main

if __name__ == "__main__":
    main()
