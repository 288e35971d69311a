"""`make demo`: the mailer example at work on a broker, and its books balanced at the end.

Nothing here is known to the example. What happened is learnt from outside: the client's from its
202s, the worker's from its log lines, the dead letters from their topic.
"""
