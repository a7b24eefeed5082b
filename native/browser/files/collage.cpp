#include <algorithm>
#include <array>

#include "browser/files/codes.hpp"
#include "browser/files/model_name.hpp"
#include "core/fail.hpp"

namespace selfsame::browser {

namespace {

constexpr std::uint32_t kMaxIterations = 64;

void check_magnitudes(const collage::Plane& plane) {
    const auto ranges = static_cast<std::size_t>(plane.rows) * plane.columns;
    const std::int32_t* symbols = plane.symbols.data();
    for (std::size_t i = 0; i < plane.symbols.size(); ++i) {
        const std::int32_t most = i < ranges ? collage::kMaxBias : collage::kMaxWeight;
        if (symbols[i] > most || symbols[i] < -most) {
            fail(Fault::kCorrupted, "the file holds an impossible collage: a symbol of ", symbols[i]);
        }
    }
}

}  // namespace

CollageCode read_collage(const Container& container, const coding::Models& models) {
    const Header& header = container.header;
    const auto payloads = container.payloads({"CLGE", "ALPH"});
    Numbers numbers = required(payloads[0], "CLGE", 6, 0);
    numbers.u8();
    const std::uint32_t step = numbers.u8(), range_size = numbers.u8(), domains = numbers.u8();
    const std::uint32_t iterations = numbers.u8();
    CollageCode code{};
    std::tie(code.fingerprint, code.model) = read_model_name(numbers, numbers.u8());
    code.step = static_cast<int>(step), code.range_size = static_cast<int>(range_size);
    code.domains = static_cast<int>(domains), code.iterations = static_cast<int>(iterations);
    const Bytes atoms = numbers.take(header.channels());
    constexpr std::array<std::uint32_t, 5> kRangeSizes = {4, 8, 16, 32, 64};
    if (std::ranges::find(kRangeSizes, range_size) == kRangeSizes.end() || domains > collage::kMaxDomains) {
        fail(Fault::kCorrupted, "the file holds an impossible layout of ranges: size ", range_size, ", ", domains,
             " domains");
    }
    const int rows = static_cast<int>((header.height + range_size - 1) / range_size);
    const int columns = static_cast<int>((header.width + range_size - 1) / range_size);
    std::int64_t symbols = 0;
    for (const std::uint8_t count : atoms) {
        symbols += std::int64_t(1 + count + code.domains) * rows * columns;
    }
    if (symbols > collage::kMaxSymbols) {
        fail(Fault::kLimit, "a collage has at most ", collage::kMaxSymbols, " symbols: the file claims ", symbols);
    }
    check_model_name(code.model, "collage");
    if (iterations > kMaxIterations) {
        fail(Fault::kCorrupted, "the file holds an impossible collage: iterations are at most ", kMaxIterations);
    }
    for (const std::uint8_t count : atoms) {
        code.planes.emplace_back(count, code.domains, rows, columns);
    }
    coding::Decoder coder(models, numbers.rest());
    if (!collage::read_planes(coder, code.planes, code.step)) {
        fail(Fault::kCorrupted, "the symbols of the picture are damaged");
    }
    std::ranges::for_each(code.planes, check_magnitudes);
    code.alpha = read_alpha(header, payloads[1]);
    return code;
}

}  // namespace selfsame::browser
