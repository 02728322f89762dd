"""Views of a plan: terminal, HTML, Excel. They render what `view` gives and decide nothing."""
