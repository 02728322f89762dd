"""The stages that `pipeline.py` names; each package holds what serves one noun of theirs."""
