"""What is compared, and what decides: linkage rules as types, and read from YAML."""
