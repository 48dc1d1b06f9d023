"""`python -m bvn_evidence` is the command `bvn-evidence`."""
from .cli import main

if __name__ == "__main__":
    main()
