def write_state(t): raise NotImplementedError
def read_state(cls, s): raise NotImplementedError
