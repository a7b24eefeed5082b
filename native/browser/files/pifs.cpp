#include <algorithm>
#include <utility>

#include "browser/files/codes.hpp"
#include "core/fail.hpp"

namespace selfsame::browser {

namespace {

constexpr std::uint32_t kHybrid = 1, kHalfChroma = 2, kBands = 4;
constexpr float kStepUnit = 1.0f / 64;
constexpr std::uint32_t kMaxStep = 1023 * 64, kMaxIterations = 64, kMaxDeblock = 7;
constexpr int kAlignment = 8;

// The streams of bands, whose height in rows of luma is written to `rows`.
std::vector<Bytes> bands_of(Numbers numbers, int height, int& rows) {
    const std::uint32_t units = numbers.u16();
    const std::uint32_t unit_rows = units * pifs::kBandUnit;
    const std::uint32_t count = units ? (height + unit_rows - 1) / unit_rows : 0;
    if (count < 2) {
        fail(Fault::kCorrupted, "bands of ", units, " units do not divide ", height, " rows");
    }
    rows = static_cast<int>(unit_rows);
    std::vector<std::uint32_t> sizes(count - 1);
    for (std::uint32_t& size : sizes) {
        size = numbers.u32();
    }
    std::vector<Bytes> bands;
    for (const std::uint32_t size : sizes) {
        bands.push_back(numbers.take(size));
    }
    bands.push_back(numbers.rest());
    return bands;
}

}  // namespace

pifs::Sides padded(pifs::Sides luma, int plane, bool half_chroma) {
    const auto whole = [](int side) { return (side + kAlignment - 1) / kAlignment * kAlignment; };
    const int ratio = plane > 0 && half_chroma ? 2 : 1;
    return {whole(luma.height) / ratio, whole(luma.width) / ratio};
}

PifsCode read_pifs(const Container& container, const coding::Models& models) {
    const Header& header = container.header;
    const auto payloads = container.payloads({"PIFS", "ALPH"});
    Numbers numbers = required(payloads[0], "PIFS", 3, kHybrid | kHalfChroma | kBands);
    const std::uint32_t flags = numbers.u8(), iterations = numbers.u8(), deblock = numbers.u8();
    PifsCode code{};
    code.is_hybrid = flags & kHybrid;
    code.half_chroma = flags & kHalfChroma;
    code.iterations = static_cast<int>(iterations), code.deblock = static_cast<int>(deblock);
    if (code.half_chroma && header.channels() == 1) {
        fail(Fault::kCorrupted, "a grey picture has no chroma of half resolution");
    }
    std::vector<pifs::Sides> shapes;
    for (int c = 0; c < header.channels(); ++c) {
        const std::uint32_t step = numbers.u16();
        if (step < 1 || step > kMaxStep) {
            fail(Fault::kCorrupted, "chunk PIFS: a step must be 1 to ", kMaxStep, ": got ", step);
        }
        code.steps.push_back(static_cast<float>(step) * kStepUnit);
        const int ratio = c > 0 && code.half_chroma ? 2 : 1;
        code.sides.push_back({(header.height + ratio - 1) / ratio, (header.width + ratio - 1) / ratio});
        shapes.push_back(padded(code.sides[0], c, code.half_chroma));
    }
    if (iterations > kMaxIterations || deblock > kMaxDeblock) {
        fail(Fault::kCorrupted, "iterations are at most ", kMaxIterations, " and deblock ", kMaxDeblock, ": got ",
             iterations, " and ", deblock);
    }
    code.alpha = read_alpha(header, payloads[1]);
    int rows = 0;
    const auto bands = flags & kBands ? bands_of(numbers, shapes[0].height, rows) : std::vector{numbers.rest()};
    code.planes = pifs::read_bands({bands.begin(), bands.end()}, shapes, rows, models, 1);
    if (code.planes.empty()) {
        fail(Fault::kCorrupted, "the blocks of the picture are damaged");
    }
    return code;
}

}  // namespace selfsame::browser
