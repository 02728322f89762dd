"""The verbs of `review`: questions listed, asked, answered and sent out as workbooks."""
