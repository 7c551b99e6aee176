"""What stands beside the weights in checkpoints of people: golden/weights/strange-{2,3,4,5}.pkl, a dict each, by protocol.

    pip install numpy omegaconf && python strange_values.py

The few values of PyTorch's own are pickled as PyTorch does, by classes of the same names: no tensor is needed here.
"""
import argparse, collections, datetime, decimal, enum, fractions, functools, pathlib, pickle, re, sys, types, uuid
from dataclasses import dataclass

import numpy
from omegaconf import OmegaConf

OUT = pathlib.Path(__file__).parent.parent / "golden" / "weights"


def module(name):
    made = sys.modules[name] = types.ModuleType(name)
    return made


torch = module("torch")
mine = module("my_project.models")
module("my_project").models = mine


def of(owner):
    def place(thing):
        thing.__module__, thing.__qualname__ = owner.__name__, thing.__name__
        setattr(owner, thing.__name__, thing)
        return thing

    return place


@of(torch)
class device:
    def __reduce__(self):
        return device, ("cuda", 0)


@of(torch)
class Size(tuple):
    def __reduce__(self):
        return Size, (tuple(self),)


@of(torch)
class dtype:
    def __reduce__(self):
        return "float32"


torch.float32 = dtype()


@of(mine)
class Mode(enum.Enum):
    TRAIN = "train"


@of(mine)
class Flags(enum.IntFlag):
    A = 1
    B = 2


@of(mine)
@dataclass
class Config:
    width: int
    names: list


@of(mine)
class Slotted:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a, self.b = 1, {"c": [2]}


@of(mine)
class Meters(dict):
    def __init__(self, *args):
        super().__init__(*args)
        self.window = 20


@of(mine)
class History(list):
    pass


@of(mine)
class Keyword:
    def __new__(cls, *, size):
        return super().__new__(cls)

    def __getnewargs_ex__(self):
        return (), {"size": 3}


Pair = of(mine)(collections.namedtuple("Pair", "left right"))
Pair.__module__ = mine.__name__


@of(mine)
def schedule(step):
    return step


def values():
    loop = [1]
    loop.append(loop)
    ring = {}
    ring["self"] = ring
    keeper = Config(1, [])
    keeper.names.append(keeper)
    return {
        "numpy scalar": numpy.float64(0.04), "numpy float32": numpy.float32(2), "numpy bool": numpy.bool_(True),
        "numpy array": numpy.arange(6, dtype="<f4").reshape(2, 3), "numpy objects": numpy.array([{"a": 1}, None], dtype=object),
        "numpy fortran": numpy.asfortranarray(numpy.eye(3)), "numpy dtype": numpy.dtype("int64"),
        "numpy random": numpy.random.RandomState(0).get_state(), "numpy generator": numpy.random.default_rng(0),
        "torch.device": device(), "torch.Size": Size((1, 2)), "torch.dtype": torch.float32,
        "set": {1, 2}, "frozenset": frozenset({"a"}), "empty set": set(),
        "path": pathlib.PosixPath("/data/imagenet"), "windows path": pathlib.PureWindowsPath("C:/x"),
        "namespace": argparse.Namespace(lr=0.1, out=pathlib.PosixPath("out"), mode=Mode.TRAIN, inner=argparse.Namespace(a=1)),
        "simple namespace": types.SimpleNamespace(a=1),
        "omegaconf": OmegaConf.create({"optim": {"lr": 0.1, "betas": [0.9, 0.95]}, "name": "${optim.lr}"}),
        "omegaconf list": OmegaConf.create([1, {"a": 2}]),
        "partial": functools.partial(schedule, step=3), "partial of a class": functools.partial(Config, 3),
        "ordered": collections.OrderedDict(a=1), "defaultdict": collections.defaultdict(list, {"loss": [1.0]}),
        "defaultdict of defaultdicts": collections.defaultdict(functools.partial(collections.defaultdict, int)),
        "counter": collections.Counter("abca"), "deque": collections.deque([1, 2], maxlen=20), "pair": Pair(1, "x"),
        "datetime": datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc), "date": datetime.date(2026, 1, 2),
        "timedelta": datetime.timedelta(days=1), "enum": Mode.TRAIN, "flags": Flags.A | Flags.B,
        "dataclass": Config(3, ["a"]), "slots": Slotted(), "dict subclass": Meters({"loss": 1}), "list subclass": History([1, 2]),
        "new by keyword": Keyword(size=3), "function": schedule, "class": Config, "builtin": len, "pattern": re.compile("a+"),
        "decimal": decimal.Decimal("1.5"), "fraction": fractions.Fraction(1, 3), "uuid": uuid.UUID(int=7), "complex": 1 + 2j,
        "range": range(3), "slice": slice(1, 2), "ellipsis": ..., "exception": ValueError("x"), "type": int, "none type": type(None),
        "bytes": b"\x00\xff", "long bytes": bytes(300), "bytearray": bytearray(b"abc"), "big": 2**100, "negative": -(2**40),
        "float": float("nan"), "text": "κ" * 300, "loop": loop, "ring": ring, "keeper": keeper, "none": None, "true": True,
    }


def main():
    for protocol in (2, 3, 4, 5):
        (OUT / f"strange-{protocol}.pkl").write_bytes(pickle.dumps(values(), protocol))


main()
