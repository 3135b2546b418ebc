"""Masters of the control buses in Amaranth's simulator, which pause at random, and their rules."""

from __future__ import annotations

import random
from typing import Any

from nnhw.registers import BUSES


class Master:
    """A master and the checks of its bus.

    `write` and `read` do an access and return what was answered; `check` is called with all ports
    as they are in each cycle.
    """

    name: str

    def __init__(self, dut: Any, seed: int):
        self.dut = dut
        self.rng = random.Random(seed)
        prefix = BUSES[self.name].prefix + "_"
        widths = BUSES[self.name].widths(12)
        self.ports = [port.removeprefix(prefix) for port in widths]
        self.before: dict[str, int] | None = None

    async def watch(self, ctx) -> None:
        """Check every cycle."""
        signals = [getattr(self.dut, port) for port in self.ports]
        async for _, _, *values in ctx.tick().sample(*signals):
            now = dict(zip(self.ports, values, strict=True))
            if self.before is not None:
                self.check(self.before, now)
            self.before = now

    def check(self, before: dict[str, int], now: dict[str, int]) -> None:
        """Rules of the bus, for two cycles that follow each other."""
        raise NotImplementedError

    def pause(self) -> int:
        """Cycles."""
        return self.rng.choice((0, 0, 0, 1, 2, 5))


class AxiLiteMaster(Master):
    """AXI4-Lite: address and data of a write come in any order."""

    name = "axi-lite"

    def __init__(self, dut, seed):
        super().__init__(dut, seed)
        self.open = {"aw": 0, "w": 0, "ar": 0}

    async def write(self, ctx, address, data, strobe):
        self.put(ctx, "aw", {"awaddr": address, "awprot": self.rng.randrange(8)})
        self.put(ctx, "w", {"wdata": data, "wstrb": strobe})
        return (await self.finish(ctx, ("aw", "w"), "b", ("bresp",)))[0] >> 1

    async def read(self, ctx, address):
        self.put(ctx, "ar", {"araddr": address, "arprot": self.rng.randrange(8)})
        response, data = await self.finish(ctx, ("ar",), "r", ("rresp", "rdata"))
        return data, response >> 1

    def put(self, ctx, channel, payload):
        for name, value in payload.items():
            ctx.set(getattr(self.dut, name), value)

    async def finish(self, ctx, channels, answer, payload):
        dut, waits = self.dut, {channel: self.pause() for channel in channels}
        answered = None
        while answered is None:
            for channel, wait in waits.items():
                ctx.set(getattr(dut, f"{channel}valid"), wait == 0)
            takes = self.rng.random() < 0.5
            ctx.set(getattr(dut, f"{answer}ready"), takes)
            ready = [getattr(dut, f"{channel}ready") for channel in waits]
            payloads = [getattr(dut, name) for name in payload]
            _, _, valid, *values = await ctx.tick().sample(
                getattr(dut, f"{answer}valid"), *payloads, *ready
            )
            for (channel, wait), is_ready in zip(
                list(waits.items()), values[len(payload) :], strict=True
            ):
                if wait:
                    waits[channel] -= 1
                elif is_ready:
                    ctx.set(getattr(dut, f"{channel}valid"), 0)
                    del waits[channel]
            if valid and takes:
                assert not waits, "answered before it was asked"
                answered = values[: len(payload)]
        ctx.set(getattr(dut, f"{answer}ready"), self.rng.random() < 0.5)
        return answered

    def check(self, before, now):
        for channel in self.open:
            self.open[channel] += before[f"{channel}valid"] & before[f"{channel}ready"]
        for answer, payload in (("b", ("bresp",)), ("r", ("rresp", "rdata"))):
            if before[f"{answer}valid"] and not before[f"{answer}ready"]:
                assert now[f"{answer}valid"], "an answer went away"
                assert all(now[name] == before[name] for name in payload), "an answer changed"
            if now[f"{answer}valid"]:
                assert now[payload[0]] in (0, 2), "neither OKAY nor SLVERR"
        if before["bvalid"] and before["bready"]:
            self.open["aw"] -= 1
            self.open["w"] -= 1
        if before["rvalid"] and before["rready"]:
            self.open["ar"] -= 1
        assert not now["bvalid"] or (self.open["aw"] > 0 and self.open["w"] > 0)
        assert not now["rvalid"] or self.open["ar"] > 0


class WishboneMaster(Master):
    """Wishbone, pipelined, or in its standard mode, where the strobe is held until the answer and
    nobody looks at stall."""

    name = "wishbone"

    async def write(self, ctx, address, data, strobe):
        return (await self.access(ctx, address, 1, data, strobe))[1]

    async def read(self, ctx, address):
        return await self.access(ctx, address, 0, self.rng.getrandbits(32), 15)

    async def access(self, ctx, address, we, data, strobe):
        dut = self.dut
        for _ in range(self.pause()):
            ctx.set(dut.cyc, self.rng.randrange(2))
            ctx.set(dut.stb, 0)
            await ctx.tick()
        for name, value in (("cyc", 1), ("stb", 1), ("we", we), ("adr", address >> 2)):
            ctx.set(getattr(dut, name), value)
        ctx.set(dut.dat_w, data)
        ctx.set(dut.sel, strobe)
        is_pipelined = self.rng.randrange(2)
        _, _, stall = await ctx.tick().sample(dut.stall)
        assert not stall
        if is_pipelined:
            ctx.set(dut.stb, 0)
        _, _, ack, err, read = await ctx.tick().sample(dut.ack, dut.err, dut.dat_r)
        assert ack ^ err
        return read, err

    def check(self, before, now):
        assert now["stall"] == (before["cyc"] & before["stb"] & ~before["stall"])
        asked = before["cyc"] & before["stb"] & ~before["stall"] & now["cyc"]
        assert now["ack"] + now["err"] == asked, "each access is answered once, in the next cycle"


class ApbMaster(Master):
    """APB4."""

    name = "apb"

    async def write(self, ctx, address, data, strobe):
        return (await self.access(ctx, address, 1, data, strobe))[1]

    async def read(self, ctx, address):
        return await self.access(ctx, address, 0, self.rng.getrandbits(32), 0)

    async def access(self, ctx, address, write, data, strobe):
        dut = self.dut
        for _ in range(self.pause()):
            ctx.set(dut.psel, 0)
            ctx.set(dut.penable, 0)
            await ctx.tick()
        ctx.set(dut.penable, 0)
        for name, value in (("psel", 1), ("pwrite", write), ("paddr", address), ("pwdata", data)):
            ctx.set(getattr(dut, name), value)
        ctx.set(dut.pstrb, strobe)
        await ctx.tick()
        ctx.set(dut.penable, 1)
        while True:
            _, _, ready, read, error = await ctx.tick().sample(dut.pready, dut.prdata, dut.pslverr)
            if ready:
                ctx.set(dut.penable, 0)
                ctx.set(dut.psel, 0)
                return read, error

    def check(self, before, now):
        assert not now["pslverr"] or (now["psel"] and now["penable"] and now["pready"])


MASTERS = {master.name: master for master in (AxiLiteMaster, WishboneMaster, ApbMaster)}
