"""Who may see which value in what form: policy, sealing, blind index, masks, free text."""
