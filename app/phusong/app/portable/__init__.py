"""A study as one self-contained HTML file: for a USB stick, an e-mail, a notebook."""
