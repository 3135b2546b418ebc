// A memory on AXI4, for bench.cpp: that of this program, at its own addresses.
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

struct Burst {
    uint64_t address;
    int left;
    bool is_wrong;
};

static bool memory_is_stopped = false; // no channel goes on
static uintptr_t memory_errors = 0; // bursts with this address are answered with an error
static std::deque<Burst> memory_reads, memory_writes;
static std::deque<bool> memory_answers; // whether each is an error
static const int WORD = INPUT_BYTES;

static bool memory_is_quiet() {
    return memory_reads.empty() && memory_writes.empty() && memory_answers.empty();
}

static Burst burst_at(uint64_t address, int length, int size, int kind, int cache, int prot) {
    const int beats = length + 1;
    const uint64_t end = address + static_cast<uint64_t>(beats * WORD);
    CHECK(1 << size == WORD && kind == 1 && cache == 3 && prot == 0);
    CHECK(address % WORD == 0 && beats <= 16 && address / 4096 == (end - 1) / 4096);
    return {address, beats, address <= memory_errors && memory_errors < end};
}

static void memory_begin() {
    const int share = memory_is_stopped ? 0 : 70;
    dut->m_axi_arready = chance(share);
    dut->m_axi_awready = chance(share);
    dut->m_axi_wready = !memory_writes.empty() && chance(share);
    const bool reads = !dut->rst && !memory_reads.empty() && chance(share);
    dut->m_axi_rvalid = reads;
    dut->m_axi_rdata = rng();
    if (reads) {
        const Burst &burst = memory_reads.front();
        uint64_t data = 0;
        if (!burst.is_wrong) std::memcpy(&data, reinterpret_cast<const void *>(burst.address), WORD);
        dut->m_axi_rdata = data;
        dut->m_axi_rlast = burst.left == 1;
        dut->m_axi_rresp = burst.is_wrong ? 2 + chance(50) : 0;
    }
    dut->m_axi_bvalid = !dut->rst && !memory_answers.empty() && chance(share);
    dut->m_axi_bresp = dut->m_axi_bvalid && memory_answers.front() ? 2 : 0;
}

static void memory_end() {
    static bool waits_ar = false, waits_aw = false, waits_w = false;
    static uint64_t ar = 0, aw = 0, w = 0;
    if (dut->rst) {
        memory_reads.clear();
        memory_writes.clear();
        memory_answers.clear();
        waits_ar = waits_aw = waits_w = false;
        return;
    }
    CHECK(dut->m_axi_rready && dut->m_axi_bready);
    if (waits_ar) CHECK(dut->m_axi_arvalid && dut->m_axi_araddr == ar);
    if (waits_aw) CHECK(dut->m_axi_awvalid && dut->m_axi_awaddr == aw);
    if (waits_w) CHECK(dut->m_axi_wvalid && dut->m_axi_wdata == w);
    waits_ar = dut->m_axi_arvalid && !dut->m_axi_arready;
    waits_aw = dut->m_axi_awvalid && !dut->m_axi_awready;
    waits_w = dut->m_axi_wvalid && !dut->m_axi_wready;
    ar = dut->m_axi_araddr;
    aw = dut->m_axi_awaddr;
    w = dut->m_axi_wdata;
    if (dut->m_axi_rvalid) {
        Burst &burst = memory_reads.front();
        burst.address += WORD;
        if (--burst.left == 0) memory_reads.pop_front();
    }
    if (dut->m_axi_bvalid) memory_answers.pop_front();
    if (dut->m_axi_wvalid && dut->m_axi_wready) {
        Burst &burst = memory_writes.front();
        CHECK(dut->m_axi_wlast == (burst.left == 1));
        for (int lane = 0; lane < WORD && !burst.is_wrong; ++lane)
            if (dut->m_axi_wstrb >> lane & 1)
                reinterpret_cast<uint8_t *>(burst.address)[lane] = static_cast<uint8_t>(dut->m_axi_wdata >> 8 * lane);
        burst.address += WORD;
        if (--burst.left == 0) {
            memory_answers.push_back(burst.is_wrong);
            memory_writes.pop_front();
        }
    }
    if (dut->m_axi_arvalid && dut->m_axi_arready)
        memory_reads.push_back(burst_at(dut->m_axi_araddr, dut->m_axi_arlen, dut->m_axi_arsize, dut->m_axi_arburst,
                                        dut->m_axi_arcache, dut->m_axi_arprot));
    if (dut->m_axi_awvalid && dut->m_axi_awready)
        memory_writes.push_back(burst_at(dut->m_axi_awaddr, dut->m_axi_awlen, dut->m_axi_awsize, dut->m_axi_awburst,
                                         dut->m_axi_awcache, dut->m_axi_awprot));
    CHECK(memory_reads.size() <= 4 && memory_writes.size() + memory_answers.size() <= 4);
}

#endif
