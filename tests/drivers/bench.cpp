// A design with a control bus, simulated: a master of the bus, a source and a sink that pause at
// random, rules that are checked in every cycle, and the driver in C.
//
// Arguments: accesses FILE: does "w ADDRESS DATA STROBE" and "r ADDRESS" and prints what each is
//                          answered: ERROR DATA
//            frames FILE INPUTS: sends frames of the file through the driver in all ways of waiting,
//                          gives damaged frames and aborts in between, and prints the outputs
//
//            stalls FILE COUNT: the sink, or memory, is not ready for 100,000 cycles, at so many random
//                          moments, while frames go on; prints the outputs
//            resets FILE COUNT: resets at so many random moments, each followed by a frame; prints
//                          the outputs
//            images A.BIN FRAMES_A B.BIN FRAMES_B FOREIGN.BIN: loads two networks through the driver and prints
//                          outputs; gives damaged images, loads while a frame runs, aborts and resets
//                          in between; with IMAGES only
//            banks A.BIN FRAMES_A B.BIN FRAMES_B ROUNDS: of a design with two banks; loads networks beside
//                          the one that runs, switches with frames of both inside, writes words for the
//                          bank that runs, gives damaged images, aborts and resets; prints outputs; with
//                          IMAGES only
//            flips A.BIN FRAMES_A: turns every single bit over that the network is loaded with, one at
//                          a time, and sees that the driver is told; with FLIPS only
//
// With TWO_CLOCKS, the engine has one of its own, whose cycles come at random.
//
// With WINDOWS, there are no streams: the driver moves frames through the registers. With DMA, there
// are none, either: the design fetches frames from the memory of this program, which pauses at random,
// answers with errors if it is told so, and checks the rules of its bus.
//
// With TAG_BITS, streams have tags and tkeep: null beats come in between, and every output beat has
// the tag of the frame that was sent last.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <random>
#include <vector>

#include "Vdesign.h"
#include "bench.h"
#include "verilated.h"

extern "C" {
#include "nnhw.h"
#ifdef IMAGES
#include "nnhw_image.h"
#endif
#ifdef WINDOWS
#include "nnhw_window.h"
#endif
#ifdef DMA
#include "nnhw_dma.h"
#endif
}

#if defined(WINDOWS) || defined(DMA)
#define NO_STREAMS
#endif

#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            std::printf("line %d, cycle %u: %s\n", __LINE__, bench_cycles(), #condition); \
            std::exit(1);                                                             \
        }                                                                             \
    } while (0)

struct Beat {
    uint64_t data;
    bool last;
    uint32_t keep, tag;
};

#ifndef TAG_BITS
#define TAG_BITS 0
#endif

#ifdef TWO_CLOCKS
#define RESET_CYCLES 20
#else
#define RESET_CYCLES 1
#endif

static VerilatedContext context;
static Vdesign *dut;
static uint32_t cycle = 0, engine_cycles = 0;
static std::mt19937 rng(1);
static std::deque<Beat> source;     // to be sent
static std::vector<uint8_t> sink;   // of the frame that is arriving
static std::vector<uint8_t> all_frames; // that have arrived
static uint8_t *target = nullptr;   // where a frame goes to, if anybody waits for one
static size_t target_size = 0;
static int received = 0, closed = 0;
static uint32_t last_tag = 0;
static bool closes = false, is_handler_on = false, is_sink_stopped = false;
static nnhw_device device;

static bool chance(int percent) { return static_cast<int>(rng() % 100) < percent; }

#ifdef DMA
#include "bench_memory.h"
#endif

static void tick_begin() {
#ifdef DMA
    memory_begin();
#endif
#ifndef NO_STREAMS
    if (!dut->s_axis_tvalid && !source.empty() && chance(70)) {
        dut->s_axis_tvalid = 1;
        dut->s_axis_tdata = source.front().data;
        dut->s_axis_tlast = source.front().last;
#if TAG_BITS
        dut->s_axis_tkeep = source.front().keep;
        dut->s_axis_tuser = source.front().tag;
#endif
    }
    dut->m_axis_tready = !is_sink_stopped && chance(70);
#endif
    dut->eval();
}

#ifdef TWO_CLOCKS
// some cycles of the engine's clock, of which the mean changes now and then
static void engine_clock() {
    static int share = 50;
    if (chance(1)) share = static_cast<int>(rng() % 3) * 40 + 10; // 10, 50, 90
    while (chance(share)) {
        dut->clk = 1;
        dut->eval();
        dut->clk = 0;
        dut->eval();
        ++engine_cycles;
    }
}
#endif

static void tick_end() {
#ifdef DMA
    memory_end();
#endif
#ifdef NO_STREAMS
    const bool taken = false;
#else
    static bool stalled = false, stalled_last = false;
    static uint32_t stalled_user = 0;
    static uint64_t stalled_data = 0;
    const bool valid = dut->m_axis_tvalid, ready = dut->m_axis_tready;
    if (dut->rst) {
        stalled = false;
    } else {
        if (stalled) {
            CHECK(valid && dut->m_axis_tdata == stalled_data);
            CHECK(dut->m_axis_tlast == stalled_last && dut->m_axis_tuser == stalled_user);
        }
#if TAG_BITS
        if (valid) CHECK(dut->m_axis_tuser >> 1 == last_tag && dut->m_axis_tkeep == (1 << OUTPUT_BYTES) - 1);
#endif
        stalled = valid && !ready;
        stalled_data = dut->m_axis_tdata;
        stalled_last = dut->m_axis_tlast;
        stalled_user = dut->m_axis_tuser;
        if (valid && ready) {
            for (int byte = 0; byte < OUTPUT_BYTES; ++byte)
                sink.push_back(static_cast<uint8_t>(dut->m_axis_tdata >> 8 * byte));
            if (dut->m_axis_tlast) {
                closes = dut->m_axis_tuser & 1;
                all_frames.insert(all_frames.end(), sink.begin(), sink.end());
                closed += closes;
                if (!closes && target) {
                    CHECK(sink.size() == target_size);
                    std::memcpy(target, sink.data(), target_size);
                    target = nullptr;
                    ++received;
                }
                sink.clear();
            }
        }
    }
    const bool taken = !dut->rst && dut->s_axis_tvalid && dut->s_axis_tready;
#endif
#ifdef TWO_CLOCKS
    engine_clock();
    dut->axis_clk = 1;
    const bool together = chance(10); // edges of both at once
    if (together) dut->clk = 1;
    dut->eval();
    if (together) ++engine_cycles;
    dut->clk = 0;
#else
    dut->clk = 1;
    dut->eval();
#endif
    if (taken) {
        source.pop_front();
#ifndef NO_STREAMS
        dut->s_axis_tvalid = 0;
#endif
    }
#ifdef TWO_CLOCKS
    engine_clock();
    dut->axis_clk = 0;
#else
    dut->clk = 0;
#endif
    ++cycle;
}

static void tick() {
    tick_begin();
    tick_end();
}

static bool access(bool write, uint32_t address, uint32_t data, int strobe, uint32_t *answer) {
    for (int wait = chance(50) ? 0 : static_cast<int>(rng() % 6); wait; --wait) tick();
    bool error = false;
#if defined(BUS_AXI_LITE)
    bool asks = true, asks_data = write, done = false;
    int wait_address = rng() % 4, wait_data = rng() % 4;
    dut->s_axil_awaddr = dut->s_axil_araddr = address;
    dut->s_axil_wdata = data;
    dut->s_axil_wstrb = strobe;
    while (!done) {
        dut->s_axil_awvalid = write && asks && wait_address == 0;
        dut->s_axil_arvalid = !write && asks && wait_address == 0;
        dut->s_axil_wvalid = asks_data && wait_data == 0;
        dut->s_axil_bready = write && chance(50);
        dut->s_axil_rready = !write && chance(50);
        tick_begin();
        static bool held = false;
        static uint32_t held_data = 0;
        if (held) CHECK(dut->s_axil_rvalid && dut->s_axil_rdata == held_data);
        held = dut->s_axil_rvalid && !dut->s_axil_rready;
        held_data = dut->s_axil_rdata;
        if (wait_address) --wait_address;
        else if (write ? dut->s_axil_awready : dut->s_axil_arready) asks = false;
        if (wait_data) --wait_data;
        else if (dut->s_axil_wready) asks_data = false;
        if (write ? dut->s_axil_bvalid && dut->s_axil_bready
                  : dut->s_axil_rvalid && dut->s_axil_rready) {
            error = (write ? dut->s_axil_bresp : dut->s_axil_rresp) != 0;
            *answer = dut->s_axil_rdata;
            done = true;
            CHECK(!asks && !asks_data);
        }
        tick_end();
    }
    dut->s_axil_bready = dut->s_axil_rready = 0;
#elif defined(BUS_WISHBONE)
    dut->s_wb_cyc = dut->s_wb_stb = 1;
    dut->s_wb_we = write;
    dut->s_wb_adr = address >> 2;
    dut->s_wb_dat_w = data;
    dut->s_wb_sel = write ? strobe : 15;
    for (bool taken = false; !taken;) {
        tick_begin();
        taken = !dut->s_wb_stall;
        CHECK(!dut->s_wb_ack && !dut->s_wb_err);
        tick_end();
    }
    dut->s_wb_stb = 0;
    for (bool done = false; !done;) {
        tick_begin();
        CHECK(!(dut->s_wb_ack && dut->s_wb_err));
        if (dut->s_wb_ack || dut->s_wb_err) {
            error = dut->s_wb_err;
            *answer = dut->s_wb_dat_r;
            done = true;
        }
        tick_end();
    }
    dut->s_wb_cyc = 0;
#else
    dut->s_apb_psel = 1;
    dut->s_apb_penable = 0;
    dut->s_apb_pwrite = write;
    dut->s_apb_paddr = address;
    dut->s_apb_pwdata = data;
    dut->s_apb_pstrb = write ? strobe : 0;
    tick();
    dut->s_apb_penable = 1;
    for (bool done = false; !done;) {
        tick_begin();
        if (dut->s_apb_pready) {
            error = dut->s_apb_pslverr;
            *answer = dut->s_apb_prdata;
            done = true;
        }
        tick_end();
    }
    dut->s_apb_psel = dut->s_apb_penable = 0;
#endif
    return error;
}

static bool has_come = false; // an interrupt since the last wait

static void handle_interrupts() {
    static bool is_in_handler = false;
    if (!is_handler_on || !dut->irq || is_in_handler) return;
    is_in_handler = true;
    nnhw_interrupt(&device);
    is_in_handler = false;
    has_come = true;
}

uint32_t bench_read(uint32_t address) {
    uint32_t answer = 0;
    CHECK(!access(false, address, 0, 0, &answer));
    handle_interrupts();
    return answer;
}

static int writes = 0;
void bench_write(uint32_t address, uint32_t value) {
    uint32_t answer = 0;
    ++writes;
    CHECK(!access(true, address, value, 15, &answer));
    handle_interrupts();
}

void bench_wait(void) {
#ifdef NO_STREAMS
    // a processor that sleeps moves no words, and an event comes when all is in memory
    for (int slept = 0; is_handler_on && !has_come; ++slept) {
        CHECK(slept < 100000);
        tick();
        handle_interrupts();
    }
    has_come = false;
#endif
    tick();
    handle_interrupts();
}

uint32_t bench_cycles(void) { return cycle; }

static int cleaned = 0, invalidated = 0;
void bench_cleaned(const void *, size_t) { ++cleaned; }
void bench_invalidated(const void *, size_t) { ++invalidated; }

#ifdef WINDOWS
static const uint32_t ROOM = 0x140, DATA = 0x144, LAST = 0x148, WORDS = 0x150, NEXT = 0x154;
static const int FULL = 16, EMPTY = 32; // causes of errors

static void queue(const uint8_t *frame, size_t size, size_t sent) {
    for (size_t at = 0; at < sent; at += 4) {
        uint32_t word = 0;
        for (size_t byte = 0; byte < 4; ++byte) word |= static_cast<uint32_t>(frame[(at + byte) % size]) << 8 * byte;
        while (bench_read(ROOM) == 0) {}
        bench_write(at + 4 < sent ? DATA : LAST, word);
    }
}

static nnhw_window window;
static const nnhw_mover &mover = window.mover;

// more words than there is room for, and reads of none: neither goes on without being told
static void misuse_windows() {
    const uint32_t most = bench_read(0x05c) & 0xffff;
    nnhw_enable(&device, 0);
    CHECK(most == 15 && bench_read(ROOM) == most && bench_read(WORDS) == 0);
    for (uint32_t word = 0; word < most; ++word) bench_write(DATA, word);
    if (bench_read(ROOM)) bench_write(DATA, most); // the first word waits outside of the queue
    CHECK(bench_read(ROOM) == 0 && nnhw_error_causes(&device) == 0);
    bench_write(chance(50) ? DATA : LAST, 0);
    CHECK(nnhw_error_causes(&device) == FULL && nnhw_poll(&device) == NNHW_DAMAGED);
    CHECK(bench_read(NEXT) == 0);
    CHECK(nnhw_error_causes(&device) == EMPTY && nnhw_poll(&device) == NNHW_DAMAGED);
    CHECK(nnhw_abort(&device, 1000000) == NNHW_OK);
    CHECK(bench_read(ROOM) == most);
    nnhw_enable(&device, 1);
}
#elif defined(DMA)
static nnhw_descriptor descriptors[4] __attribute__((aligned(NNHW_DESCRIPTOR_ALIGNMENT)));
static nnhw_dma dma;
static const nnhw_mover &mover = dma.mover;

// a frame that is too short or too long, and one for each other way in which a descriptor can end
static void queue(uint8_t *frame, size_t size, size_t sent) {
    static int way = 0;
    nnhw_descriptor *descriptor = &descriptors[1];
    alignas(8) static uint8_t output[4096];
    const void *inputs[] = {frame};
    void *outputs[] = {output};
    nnhw_dma_describe(&dma, descriptor, inputs, outputs, descriptor);
    volatile uint32_t *input = descriptor->words + 8;
    int wanted = NNHW_DMA_SIZE;
    uint32_t causes = 0;
    memory_errors = 0;
    const uintptr_t place = reinterpret_cast<uintptr_t>(frame) + rng() % size;
    switch (way++ % 7) {
    case 0:
        input[2] = static_cast<uint32_t>(sent < size ? sent : size - INPUT_BYTES);
        causes = 0x201; // and the frame check finds it
        break;
    case 1:
        input[2] = static_cast<uint32_t>(size + INPUT_BYTES);
        causes = 0x202;
        break;
    case 2:
        input[6] -= OUTPUT_BYTES;
        causes = 0x200;
        break;
    case 3:
        input[0] |= 1;
        wanted = NNHW_DMA_ADDRESS;
        causes = 0x200;
        break;
    case 4:
        memory_errors = place;
        wanted = NNHW_DMA_READ_ERROR;
        causes = 0x40;
        break;
    case 5:
        memory_errors = reinterpret_cast<uintptr_t>(output) + rng() % nnhw_output_size(&device);
        wanted = NNHW_DMA_WRITE_ERROR;
        causes = 0x80;
        break;
    default:
        memory_errors = reinterpret_cast<uintptr_t>(descriptor);
        wanted = NNHW_DMA_PENDING;
        causes = 0x100;
    }
    nnhw_dma_hand_over(&dma, descriptor);
    nnhw_dma_start(&dma, descriptor);
    for (int i = 0; i < 100000 && !(bench_read(0x0a4) & 2); ++i) tick();
    CHECK(nnhw_dma_result(&dma, descriptor, nullptr) == wanted);
    CHECK((bench_read(0x0a8) & causes) == causes);
    CHECK((bench_read(0x184) & 2) == (wanted == NNHW_DMA_PENDING ? 2 : 0));
    memory_errors = 0;
}

// frames in a list of descriptors, one pointer a tensor, between others of the mover
static void run_list(const std::vector<uint8_t> &frame, const std::vector<uint8_t> &expected) {
    alignas(8) static uint8_t inputs[3][4096], outputs[3][4096];
    for (int i = 0; i < 3; ++i) {
        std::memcpy(inputs[i], frame.data(), frame.size());
        std::memset(outputs[i], 0xaa, sizeof outputs[i]);
        const void *input[] = {inputs[i]};
        void *output[] = {outputs[i]};
        nnhw_dma_describe(&dma, &descriptors[1 + i], input, output, &descriptors[1 + (i + 1) % 3]);
        CHECK(nnhw_dma_result(&dma, &descriptors[1 + i], nullptr) == NNHW_DMA_PENDING);
    }
    const uint32_t written = descriptors[1].words[8 + 4 + 2];
    const int handed_over = 1 + static_cast<int>(rng() % 3);
    for (int i = 0; i < handed_over; ++i) nnhw_dma_hand_over(&dma, &descriptors[1 + i]);
    nnhw_dma_start(&dma, &descriptors[1]);
    if (handed_over < 3) {
        for (uint32_t wait = rng() % (2 * ABORT_CYCLES); wait; --wait) tick();
        for (int i = handed_over; i < 3; ++i) nnhw_dma_hand_over(&dma, &descriptors[1 + i]);
        nnhw_dma_doorbell(&dma);
    }
    for (int i = 0; i < 3; ++i) {
        uint32_t cycles = 0;
        enum nnhw_dma_result result;
        for (int left = 100000; (result = nnhw_dma_result(&dma, &descriptors[1 + i], &cycles)) == NNHW_DMA_PENDING; tick())
            CHECK(--left);
        CHECK(result == NNHW_DMA_OK && cycles > frame.size() / INPUT_BYTES);
        // what is behind the tensor stays as it was
        CHECK(std::memcmp(outputs[i], expected.data(), written) == 0 && outputs[i][written] == 0xaa);
    }
    while (bench_read(0x184) & 1) {} // it has found the first one again, which is not its own
    nnhw_interrupt(&device);
    device.events = 0;
}
#else
static void queue(const uint8_t *frame, size_t size, size_t sent) {
    const uint32_t tags = (1u << TAG_BITS) - 1, lanes = (1u << INPUT_BYTES) - 1;
    last_tag = rng() & tags;
    for (size_t at = 0; at < sent; at += INPUT_BYTES) {
        uint64_t data = 0;
        while (TAG_BITS && chance(10)) source.push_back({rng(), false, 0, static_cast<uint32_t>(rng()) & tags});
        for (size_t byte = 0; byte < INPUT_BYTES; ++byte)
            data |= static_cast<uint64_t>(frame[(at + byte) % size]) << 8 * byte;
        const uint32_t tag = at == 0 ? last_tag : static_cast<uint32_t>(rng()) & tags;
        source.push_back({data, at + INPUT_BYTES >= sent, lanes, tag});
    }
}

extern "C" {
static int send(void *, const void *frame, size_t size) {
    queue(static_cast<const uint8_t *>(frame), size, size);
    return 0;
}
static int receive(void *, void *frame, size_t size) {
    target = static_cast<uint8_t *>(frame);
    target_size = size;
    received = 0;
    return 0;
}
static int is_received(void *) { return received; }
}

static const nnhw_mover mover = {send, receive, is_received, nullptr, 0};
#endif

// the elements of an output frame of one tensor, in a line
static void print_elements(int frame, const std::vector<uint8_t> &output) {
    nnhw_tensor tensor;
    CHECK(nnhw_get_tensor(&device, 1, &tensor) == NNHW_OK && tensor.size <= output.size());
    std::printf("%d", frame);
    for (uint32_t at = 0; at < tensor.size; ++at) std::printf(" %d", static_cast<int8_t>(output[at]));
    std::printf("\n");
}

static void reset() {
    dut->rst = 1;
    for (int i = 0; i < 4 * RESET_CYCLES; ++i) tick();
    dut->rst = 0;
    for (int i = 0; i < 8 * RESET_CYCLES; ++i) tick();
}

static void do_accesses(const char *name) {
    std::ifstream file(name);
    std::string kind;
    uint32_t address;
    while (file >> kind >> std::hex >> address) {
        uint32_t data = 0, strobe = 0, answer = 0;
        const bool write = kind == "w";
        if (write) file >> data >> strobe;
        const bool error = access(write, address, data, static_cast<int>(strobe), &answer);
        std::printf("%d %x\n", error, write ? 0 : answer);
    }
}

static void do_frames(const char *name) {
    CHECK(nnhw_open(&device, 0, &mover) == NNHW_OK);
    const size_t size = nnhw_input_size(&device), output_size = nnhw_output_size(&device);
    std::ifstream file(name, std::ios::binary);
    std::vector<uint8_t> input(size), output(output_size);
    int frame = 0;
    const uint32_t long_time = 1000000;
    nnhw_counters before, after;
    int dropped = 0, aborted = 0;
    nnhw_get_counters(&device, &before);
    while (file.read(reinterpret_cast<char *>(input.data()), static_cast<long>(size))) {
        const int way = frame % 4;
        is_handler_on = way == 1;
        nnhw_use_interrupts(&device, way == 1);
        if (way == 2) { // a damaged frame first: short or long
            const size_t sent = frame & 4 ? size + INPUT_BYTES : size - INPUT_BYTES;
            queue(input.data(), size, sent ? sent : size + INPUT_BYTES);
            while (!source.empty()) tick();
            for (int i = 0; i < 4; ++i) tick();
            CHECK(nnhw_poll(&device) == NNHW_DAMAGED);
            CHECK(nnhw_error_causes(&device) != 0);
            CHECK(nnhw_error_causes(&device) == 0);
            ++dropped;
#ifdef WINDOWS
            misuse_windows();
#endif
        }
        if (way == 3) { // a frame that is aborted at a random moment; the sink may have stopped
            CHECK(nnhw_start(&device, input.data(), output.data()) == NNHW_OK);
            for (uint32_t wait = rng() % ABORT_CYCLES; wait; --wait) tick();
#ifdef DMA
            memory_errors = chance(20) ? reinterpret_cast<uintptr_t>(input.data()) + rng() % size : 0;
#endif
            is_sink_stopped = chance(20);
            const int closed_before = closed;
            if (is_sink_stopped) {
                for (int i = 0; i < 500; ++i) tick();
                nnhw_abort(&device, 300); // it waits as long as a beat is offered
                is_sink_stopped = false;
            }
            CHECK(nnhw_abort(&device, long_time) == NNHW_OK);
            while (!source.empty()) tick();
            for (int i = 0; i < 100; ++i) tick();
            CHECK(closed - closed_before <= 1);
            CHECK(sink.empty());
#ifdef WINDOWS
            CHECK(bench_read(ROOM) == 15 && bench_read(WORDS) == 0);
#endif
            CHECK((bench_read(0x084) & 0x1f) == 0); // not busy
#ifdef DMA
            CHECK(memory_is_quiet() && bench_read(0x184) % 2 == 0);
            CHECK(!(descriptors[0].words[0] >> 31) || bench_read(0x184) & 2);
            nnhw_error_causes(&device);
            memory_errors = 0;
#endif
            target = nullptr;
            ++aborted;
        }
        int result;
        do {
            result = nnhw_run(&device, input.data(), output.data(), way == 0 ? 7 : long_time);
            while (way == 0 && result == NNHW_TIMEOUT) result = nnhw_finish(&device, 7);
        } while (result == NNHW_BUSY);
        CHECK(result == NNHW_OK);
#ifdef DMA
        if (way == 0) run_list(input, output);
#endif
        print_elements(frame++, output);
    }
    nnhw_get_counters(&device, &after);
#ifdef WINDOWS
    CHECK(cleaned == 0 && invalidated == 0); // nothing but the processor has touched memory
#else
    CHECK(cleaned >= frame && invalidated >= 2 * frame);
#endif
    std::printf("accepted %lu dropped %lu delivered %lu cycles %lu damaged %d aborted %d closed %d\n",
                after.accepted - before.accepted, after.dropped - before.dropped,
                after.delivered - before.delivered, after.frame_cycles, dropped, aborted, closed);
    for (uint32_t index = 0;; ++index) {
        nnhw_tensor tensor;
        if (nnhw_get_tensor(&device, index, &tensor) != NNHW_OK) break;
        std::printf("tensor %u %u %u %u %u %u %d %d %u %d\n", tensor.offset, tensor.size,
                    tensor.height, tensor.width, tensor.channels, tensor.bits, tensor.is_output,
                    tensor.zero_point, tensor.multiplier, tensor.shift);
    }
    std::printf("done\n");
}

#ifndef NO_STREAMS
static void do_stalls(const char *name, int count) {
    CHECK(nnhw_open(&device, 0, &mover) == NNHW_OK);
    const size_t size = nnhw_input_size(&device), output_size = nnhw_output_size(&device);
    std::ifstream file(name, std::ios::binary);
    std::vector<uint8_t> input(size), output(output_size);
    unsigned long waited = 0;
    for (int stall = 0; stall < count; ++stall) {
        // three frames follow each other, and fill all there is room for
        for (int frame = 0; frame < 3; ++frame) {
            if (!file.read(reinterpret_cast<char *>(input.data()), static_cast<long>(size))) {
                file.clear();
                file.seekg(0);
                file.read(reinterpret_cast<char *>(input.data()), static_cast<long>(size));
            }
            queue(input.data(), size, size);
        }
        receive(nullptr, output.data(), output_size);
        target = nullptr;
        all_frames.clear();
        for (uint32_t wait = rng() % ABORT_CYCLES; wait; --wait) tick();
        is_sink_stopped = true;
        const size_t before = all_frames.size() + sink.size();
        for (int i = 0; i < 100000; ++i) tick();
        CHECK(all_frames.size() + sink.size() == before);
        is_sink_stopped = false;
        for (int i = 0; i < 100000 && all_frames.size() < 3 * output_size; ++i) tick();
        CHECK(all_frames.size() == 3 * output_size);
        std::printf("%d", stall);
        for (uint8_t byte : all_frames) std::printf(" %d", static_cast<int8_t>(byte));
        std::printf("\n");
        nnhw_counters counters;
        nnhw_get_counters(&device, &counters);
        CHECK(counters.delivered == 3u * (static_cast<unsigned>(stall) + 1) && counters.dropped == 0);
        if (before < 3 * output_size) waited += 90000; // else all frames have left before
        CHECK(counters.output_stalls >= waited);
    }
    CHECK(waited > 0);
    std::printf("done\n");
}

#elif defined(DMA)
static void do_stalls(const char *name, int count) {
    CHECK(nnhw_open(&device, 0, &mover) == NNHW_OK);
    const size_t size = nnhw_input_size(&device);
    std::ifstream file(name, std::ios::binary);
    std::vector<uint8_t> input(size), output(nnhw_output_size(&device));
    int waited = 0;
    for (int stall = 0; stall < count; ++stall) {
        CHECK(file.read(reinterpret_cast<char *>(input.data()), static_cast<long>(size)));
        CHECK(nnhw_start(&device, input.data(), output.data()) == NNHW_OK);
        for (uint32_t wait = rng() % ABORT_CYCLES; wait; --wait) tick();
        memory_is_stopped = true;
        for (int i = 0; i < 100000; ++i) tick();
        waited += descriptors[0].words[0] >> 31; // the frame has not ended before
        const uint32_t before = descriptors[0].words[0];
        tick();
        CHECK(descriptors[0].words[0] == before);
        memory_is_stopped = false;
        CHECK(nnhw_finish(&device, 1000000) == NNHW_OK);
        print_elements(stall, output);
    }
    CHECK(waited > 0);
    std::printf("done\n");
}
#endif

static void do_resets(const char *name, int count) {
    CHECK(nnhw_open(&device, 0, &mover) == NNHW_OK);
    const size_t size = nnhw_input_size(&device);
    std::ifstream file(name, std::ios::binary);
    std::vector<uint8_t> input(size), output(nnhw_output_size(&device));
    for (int frame = 0; frame < count; ++frame) {
        CHECK(file.read(reinterpret_cast<char *>(input.data()), static_cast<long>(size)));
#ifdef NO_STREAMS
        CHECK(nnhw_start(&device, input.data(), output.data()) == NNHW_OK);
        for (uint32_t polls = rng() % 60; polls; --polls) nnhw_poll(&device);
#else
        // of several frames, the bench would have to know each one's tag
        for (int more = TAG_BITS ? 1 : 1 + static_cast<int>(rng() % 3); more; --more)
            queue(input.data(), size, size);
#endif
        for (uint32_t wait = rng() % (2 * ABORT_CYCLES); wait; --wait) tick();
        if (chance(30)) bench_write(0x080, 3); // an abort is under way
        source.clear();
#ifndef NO_STREAMS
        dut->s_axis_tvalid = 0;
#endif
        reset();
        sink.clear();
        nnhw_counters counters;
        nnhw_get_counters(&device, &counters);
        CHECK(counters.accepted == 0 && counters.dropped == 0 && counters.delivered == 0);
        CHECK((bench_read(0x084) & 0x1f) == 0);
        CHECK(nnhw_open(&device, 0, &mover) == NNHW_OK);
        CHECK(nnhw_run(&device, input.data(), output.data(), 1000000) == NNHW_OK);
        for (int i = 0; i < 100; ++i) tick();
        CHECK(sink.empty());
        print_elements(frame, output);
    }
    std::printf("done\n");
}

#ifdef IMAGES
static std::vector<uint8_t> content(const char *name) {
    std::ifstream file(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Network {
    char letter;
    std::vector<uint8_t> image, frames;
    size_t next;
};

static const uint32_t long_time = 1000000;
static const uint32_t ERROR_CAUSE = 0x0a8, LOAD_STATUS = 0x104, LOAD_ADDRESS = 0x108, LOAD_DATA = 0x10c;
static const uint32_t REFUSED = 4, DESCRIPTION = 1u << 31;
static std::vector<uint8_t> input, output;

// begin with the next frame of the network that is loaded
static void begin(Network &network) {
    const size_t size = nnhw_input_size(&device), first = network.next++ * size % network.frames.size();
    input.assign(network.frames.begin() + static_cast<long>(first),
                 network.frames.begin() + static_cast<long>(first + size));
    output.assign(nnhw_output_size(&device), 0);
    CHECK(nnhw_start(&device, input.data(), output.data()) == NNHW_OK);
}

static void print_output(const Network &network) {
    std::printf("%c %zu", network.letter, network.next - 1);
    for (uint8_t byte : output) std::printf(" %d", static_cast<int8_t>(byte));
    std::printf("\n");
}

static void finish(const Network &network) {
    CHECK(nnhw_finish(&device, long_time) == NNHW_OK);
    print_output(network);
}

static void run(Network &network) {
    begin(network);
    finish(network);
}

static void tick_some(uint32_t most) {
    for (uint32_t wait = rng() % most; wait; --wait) tick();
}

// an image that differs from the right one, and what loading it says
static int load_damaged(const std::vector<uint8_t> &right) {
    std::vector<uint8_t> image = right;
    do {
        const int way = static_cast<int>(rng() % 8);
        if (way == 0) image.resize(rng() % image.size());
        else if (way == 1) image.resize(image.size() + 1 + rng() % 9, static_cast<uint8_t>(rng()));
        else for (uint32_t left = 1 + rng() % 4; left; --left)
            image[rng() % (way == 2 ? 16 : way == 3 ? 200 : image.size())] ^= static_cast<uint8_t>(1 << rng() % 8);
    } while (image == right);
    return nnhw_load(&device, image.data(), image.size(), long_time);
}

static void do_images(char **names) {
    Network networks[2] = {{'a', content(names[0]), content(names[1]), 0},
                           {'b', content(names[2]), content(names[3]), 0}};
    Network &a = networks[0], &b = networks[1];
    CHECK(nnhw_open(&device, 0, &mover) == NNHW_OK);
    nnhw_tensor tensor;
    CHECK((bench_read(LOAD_STATUS) & 1) == 0 && nnhw_input_size(&device) == 0); // nothing is loaded
    CHECK(nnhw_get_tensor(&device, 0, &tensor) == NNHW_NO_TENSOR);
    CHECK(nnhw_load(&device, a.image.data(), a.image.size(), long_time) == NNHW_OK);
    int codes[32] = {0};
    for (int round = 0; round < 100; ++round) {
        // the network goes on, whatever the image is
        begin(a);
        tick_some(ABORT_CYCLES);
        const int before = writes, result = load_damaged(b.image);
        CHECK(result <= NNHW_NO_IMAGE && result >= NNHW_WRONG_MACHINE && writes == before);
        ++codes[-result];
        finish(a);
    }
    for (int round = 0; round < 100; ++round) {
        // a word is written while a frame runs: it is refused, and the frame is right
        begin(a);
        tick_some(ABORT_CYCLES);
        const uint32_t address = rng() % 3 ? rng() % (1u << LOAD_BITS) : DESCRIPTION | rng() % 256;
        bench_write(LOAD_ADDRESS, address);
        bench_write(LOAD_DATA, rng());
        CHECK(bench_read(LOAD_ADDRESS) == address);
        CHECK(bench_read(ERROR_CAUSE) == REFUSED && bench_read(0x0a4) & 2);
        bench_write(ERROR_CAUSE, REFUSED);
        bench_write(0x0a4, 2);
        finish(a);
    }
    for (int round = 0; round < 40; ++round) {
        // another network is loaded, at once or while a frame runs, which is finished first
        Network &old = networks[round % 2], &other = networks[(round + 1) % 2];
        const bool has_frame = round % 4 < 2;
        if (has_frame) {
            begin(old);
            while (source.size() > 1) tick();
            tick_some(ABORT_CYCLES);
            is_sink_stopped = chance(30);
            if (is_sink_stopped && !received) {
                const int result = nnhw_load(&device, other.image.data(), other.image.size(), 3000);
                CHECK(result == NNHW_TIMEOUT);
            }
            is_sink_stopped = false;
        }
        const size_t size = output.size();
        CHECK(nnhw_load(&device, other.image.data(), other.image.size(), long_time) == NNHW_OK);
        if (has_frame) {
            CHECK(received && output.size() == size);
            nnhw_interrupt(&device);
            device.events = 0;
            print_output(old);
        }
        run(other);
        if (round % 3 == 0) {
            // an abort does not stop the network
            begin(other);
            tick_some(ABORT_CYCLES);
            CHECK(nnhw_abort(&device, long_time) == NNHW_OK);
            while (!source.empty()) tick();
            target = nullptr;
            run(other);
        }
        if (round % 3 == 1) {
            // a reset stops it, and leaves what was loaded
            reset();
            CHECK(nnhw_open(&device, 0, &mover) == NNHW_OK);
            CHECK(nnhw_input_size(&device) == 0 && (bench_read(LOAD_STATUS) & 1) == 0);
            nnhw_restart(&device);
            run(other);
        }
    }
    for (int code = -NNHW_NO_IMAGE; code <= -NNHW_WRONG_MACHINE; ++code)
        std::printf("code %d: %d\n", code, codes[code]);
    const std::vector<uint8_t> foreign = content(names[4]); // whole, but for another machine
    CHECK(nnhw_load(&device, foreign.data(), foreign.size(), long_time) == NNHW_WRONG_MACHINE);
    run(a);
    std::printf("hash %08x %08x\n", bench_read(0x020), bench_read(0x060));
    std::printf("done\n");
}

struct Sent {
    char letter;
    size_t number, output_size;
};
static std::vector<Sent> sent; // whole frames that have not been dropped
static size_t wanted_size = 0; // bytes of all of their outputs

// queue the next frame of a network, and wait until its first beat was taken
static void send_frame(Network &network, bool counts) {
    const size_t size = nnhw_input_size(&device), first = network.next * size % network.frames.size();
    queue(network.frames.data() + first, size, size);
    while (source.size() >= (size + INPUT_BYTES - 1) / INPUT_BYTES) tick();
    if (counts) {
        sent.push_back({network.letter, network.next, nnhw_output_size(&device)});
        wanted_size += sent.back().output_size;
    }
    ++network.next;
}

static void receive_all(void) {
    for (int i = 0; i < 100000 && all_frames.size() < wanted_size; ++i) tick();
    CHECK(all_frames.size() == wanted_size && sink.empty());
}

// a word that is of no consequence, for a bank; whether it was refused
static bool is_refused(uint32_t address) {
    bench_write(LOAD_ADDRESS, address);
    bench_write(LOAD_DATA, rng());
    const bool refused = (bench_read(ERROR_CAUSE) & REFUSED) != 0;
    CHECK(bench_read(LOAD_ADDRESS) == address + !refused);
    bench_write(ERROR_CAUSE, REFUSED);
    bench_write(0x0a4, 2);
    return refused;
}

static void do_banks(char **names, int rounds) {
    Network networks[2] = {{'a', content(names[0]), content(names[1]), 0},
                           {'b', content(names[2]), content(names[3]), 0}};
    const uint32_t bank_bit = 1u << 30, unused = DESCRIPTION | 31, free = 4;
    int held[2] = {0, 0}, switches = 0, busy = 0, left = 0;
    CHECK(nnhw_open(&device, 0, &mover) == NNHW_OK);
    CHECK(nnhw_load(&device, networks[0].image.data(), networks[0].image.size(), long_time) == NNHW_OK);
    CHECK(nnhw_switch(&device) == NNHW_NO_NETWORK);
    for (int round = 0; round < rounds; ++round) {
        const uint32_t bank = device.bank, other = bank ^ 1;
        for (uint32_t frames = 1 + rng() % 3; frames; --frames) send_frame(networks[held[bank]], true);
        const bool loads = round < 2 || chance(50);
        is_sink_stopped = !loads;
        tick_some(ABORT_CYCLES);
        // words for the bank that runs are refused and have no effect
        const uint32_t address = rng() % 3 ? rng() % (1u << LOAD_BITS) : DESCRIPTION | rng() % 256;
        CHECK(is_refused(address | (bank ? bank_bit : 0)));
        if (loads) {
            const int before = writes, network = round == 0 ? 1 : static_cast<int>(rng() % 2);
            std::vector<uint8_t> image = networks[network].image;
            image[rng() % image.size()] ^= static_cast<uint8_t>(1 << rng() % 8);
            CHECK(nnhw_load_other(&device, image.data(), image.size()) <= NNHW_NO_IMAGE && writes == before);
            image = networks[network].image;
            int result;
            while ((result = nnhw_load_other(&device, image.data(), image.size())) == NNHW_BUSY) tick();
            CHECK(result == NNHW_OK);
            held[other] = network;
        }
        const bool is_left = all_frames.size() < wanted_size;
        CHECK(nnhw_switch(&device) == NNHW_OK);
        ++switches;
        left += is_left;
        if (!loads) {
            // frames that have begun in it are there until they have left
            const std::vector<uint8_t> &image = networks[held[bank]].image;
            CHECK(is_left);
            CHECK((bench_read(LOAD_STATUS) & free) == 0 && is_refused(unused | (bank ? bank_bit : 0)));
            CHECK(nnhw_load_other(&device, image.data(), image.size()) == NNHW_BUSY);
            is_sink_stopped = false;
            ++busy;
        }
        if (round % 8 == 3) {
            receive_all();
            const size_t before = all_frames.size();
            send_frame(networks[held[other]], false);
            tick_some(ABORT_CYCLES);
            CHECK(nnhw_abort(&device, long_time) == NNHW_OK);
            while (!source.empty()) tick();
            all_frames.resize(before);
        }
        if (round % 8 == 7) {
            receive_all();
            reset();
            CHECK(nnhw_open(&device, 0, &mover) == NNHW_OK);
            device.bank = other;
            device.loaded = 3;
            nnhw_restart(&device);
        }
    }
    receive_all();
    const uint8_t *output_at = all_frames.data();
    for (const Sent &frame : sent) {
        std::printf("%c %zu", frame.letter, frame.number);
        for (size_t byte = 0; byte < frame.output_size; ++byte)
            std::printf(" %d", static_cast<int8_t>(*output_at++));
        std::printf("\n");
    }
    std::printf("switches %d busy %d left %d\n", switches, busy, left);
    std::printf("done\n");
}
#endif

#ifdef FLIPS
#include "Vdesign___024root.h"
template <class Word, size_t depth>
static void flip_in(VlUnpacked<Word, depth> &memory, int row, int bit) {
    memory[static_cast<size_t>(row)] ^= static_cast<Word>(1) << bit;
}
#include "flips.h" // MEMORIES: rows and bits of each that count; flip(memory, row, bit)

static void do_flips(char **names) {
    Network network = {'a', content(names[0]), content(names[1]), 0};
    CHECK(nnhw_open(&device, 0, &mover) == NNHW_OK);
    CHECK(nnhw_load(&device, network.image.data(), network.image.size(), long_time) == NNHW_OK);
    int flips = 0;
    for (int memory = 0; memory < static_cast<int>(sizeof MEMORIES / sizeof *MEMORIES); ++memory) {
        run(network);
        CHECK(bench_read(ERROR_CAUSE) == 0);
        for (int row = 0; row < MEMORIES[memory].rows; ++row)
            for (int bit = 0; bit < MEMORIES[memory].bits; ++bit, ++flips) {
                bench_write(0x0a0, 2);
                flip(memory, row, bit);
                begin(network);
                for (int left = 6 * ABORT_CYCLES; left && !dut->irq; --left) tick();
                if (!dut->irq) std::printf("memory %d row %d bit %d\n", memory, row, bit);
                CHECK(dut->irq);
                CHECK(nnhw_poll(&device) == NNHW_CORRUPTED);
                flip(memory, row, bit);
                CHECK(nnhw_abort(&device, long_time) == NNHW_OK);
                while (!source.empty()) tick();
                target = nullptr;
                CHECK(bench_read(ERROR_CAUSE) == 8);
                bench_write(ERROR_CAUSE, 8);
            }
    }
    run(network);
    CHECK(bench_read(ERROR_CAUSE) == 0);
    std::printf("flips %d\ndone\n", flips);
}
#endif

int main(int argc, char **argv) {
    context.commandArgs(argc, argv);
    dut = new Vdesign{&context};
#ifdef WINDOWS
    nnhw_window_init(&window, 0);
#endif
#ifdef DMA
    nnhw_dma_init(&dma, 0, &descriptors[0], 0);
#endif
    reset();
    if (std::string(argv[1]) == "accesses") do_accesses(argv[2]);
    else if (std::string(argv[1]) == "resets") do_resets(argv[2], std::atoi(argv[3]));
#ifndef WINDOWS
    else if (std::string(argv[1]) == "stalls") do_stalls(argv[2], std::atoi(argv[3]));
#endif
#ifdef IMAGES
    else if (std::string(argv[1]) == "images") do_images(argv + 2);
    else if (std::string(argv[1]) == "banks") do_banks(argv + 2, std::atoi(argv[6]));
#endif
#ifdef FLIPS
    else if (std::string(argv[1]) == "flips") do_flips(argv + 2);
#endif
    else do_frames(argv[2]);
    delete dut;
}
