"""An AGB of one's own: a real server whose sessions live on this machine.

It needs the extra `agb[local]`; `import agb` touches nothing of it. Start one with `agb local`
or `python -m agb.local`.
"""
