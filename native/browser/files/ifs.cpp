#include <algorithm>
#include <bit>
#include <cmath>
#include <initializer_list>
#include <ranges>

#include "browser/files/codes.hpp"
#include "core/fail.hpp"

namespace selfsame::browser {

namespace {

constexpr std::uint32_t kMaxMaps = 65536;
constexpr std::size_t kMaxNotesBytes = 1 << 16;
constexpr double kSumTolerance = 1e-4, kRoundingOfSum = 1e-12;

[[noreturn]] void refuse(std::string_view why) {
    fail(Fault::kCorrupted, "the file holds an impossible IFS: ", why);
}

// Fill groups of numbers, of single precision or, where a bit of `doubles` says so, of double.
void read_groups(Numbers numbers, std::uint32_t doubles, std::initializer_list<std::vector<double>*> groups,
                 std::initializer_list<std::size_t> counts, std::string_view owner) {
    if (doubles >> groups.size()) {
        fail(Fault::kUnsupported, owner, " sets flags that this build does not know: ", doubles);
    }
    std::uint64_t needed = 0;
    std::uint32_t bits = doubles;
    for (const std::size_t count : counts) {
        needed += std::uint64_t(bits & 1 ? 8 : 4) * count;
        bits >>= 1;
    }
    if (numbers.rest().size() != needed) {
        fail(Fault::kCorrupted, owner, " needs ", needed, " bytes of numbers: it has ", numbers.rest().size());
    }
    auto count = counts.begin();
    for (auto* group : groups) {
        group->resize(*count++);
        for (double& number : *group) {
            if (doubles & 1) {
                const std::uint64_t low = numbers.u32(), high = numbers.u32();
                number = std::bit_cast<double>(high << 32 | low);
            } else {
                number = std::bit_cast<float>(numbers.u32());
            }
        }
        doubles >>= 1;
    }
}

bool are_finite(const std::vector<double>& numbers) {
    return std::ranges::all_of(numbers, [](double number) { return std::isfinite(number); });
}

void read_maps(Numbers numbers, bool is_colored, IfsCode& code) {
    numbers.need(6);
    const std::uint32_t doubles = numbers.u8(), dimension = numbers.u8(), maps = numbers.u32();
    if (dimension != 2 && dimension != 3) {
        fail(Fault::kUnsupported, "an IFS has 2 or 3 dimensions: the file has ", dimension);
    }
    if (maps > kMaxMaps) {
        fail(Fault::kLimit, "an IFS has at most ", kMaxMaps, " maps: the file claims ", maps);
    }
    code.dimension = static_cast<int>(dimension), code.maps = static_cast<int>(maps);
    std::vector<double> view;
    const std::size_t n = maps, d = dimension;
    if (is_colored) {
        read_groups(numbers, doubles, {&view, &code.matrices, &code.offsets, &code.probabilities, &code.colors},
                    {4, n * d * d, n * d, n, 3 * n}, "chunk MAPS");
    } else {
        read_groups(numbers, doubles, {&view, &code.matrices, &code.offsets, &code.probabilities},
                    {4, n * d * d, n * d, n}, "chunk MAPS");
    }
    std::ranges::copy(view, code.viewport.begin());
}

void check_maps(IfsCode& code) {
    auto& p = code.probabilities;
    if (code.maps == 0) {
        refuse("it has no maps");
    }
    if (!are_finite(code.matrices) || !are_finite(code.offsets) || !are_finite(p) || !are_finite(code.colors)) {
        refuse("numbers must be finite");
    }
    double sum = 0;
    for (const double share : p) {
        if (share < 0 || share > 1 + kSumTolerance) {
            refuse("probabilities must be within 0..1");
        }
        sum += share;
    }
    if (std::abs(sum - 1) > kSumTolerance) {
        refuse("probabilities must have sum 1");
    }
    if (std::abs(sum - 1) > kRoundingOfSum) {
        for (double& share : p) {
            share /= sum;
        }
    }
    if (std::ranges::any_of(code.colors, [](double value) { return value < 0 || value > 1; })) {
        refuse("colors must be within [0, 1]");
    }
}

void read_leaf(Bytes payload, IfsCode& code) {
    Numbers numbers(payload, "chunk LEAF");
    numbers.need(2);
    const std::uint32_t doubles = numbers.u8(), shape = numbers.u8();
    if (shape < kDisk || shape > kSegment) {
        fail(Fault::kUnsupported, "primitive ", shape, " is unknown");
    }
    code.shape = static_cast<int>(shape);
    read_groups(numbers, doubles, {&code.parameters}, {shape == kDisk ? std::size_t(3) : std::size_t(5)}, "chunk LEAF");
    if (!are_finite(code.parameters)) {
        refuse("a primitive takes finite numbers");
    }
}

// Whether bytes are UTF-8 (RFC 3629).
bool is_utf8(Bytes bytes) {
    for (std::size_t i = 0; i < bytes.size();) {
        const std::uint8_t first = bytes[i++];
        if (first < 0x80) {
            continue;
        }
        const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
        if (first < 0xC2 || first > 0xF4 || bytes.size() - i < static_cast<std::size_t>(more)) {
            return false;
        }
        // The second byte keeps out overlong forms, surrogates and what lies beyond U+10FFFF.
        const std::uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
        const std::uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
        if (bytes[i] < low || bytes[i] > high) {
            return false;
        }
        for (int k = 1; k < more; ++k) {
            if (bytes[i + k] >> 6 != 2) {
                return false;
            }
        }
        i += more;
    }
    return true;
}

void check_notes(Bytes payload) {
    if (payload.size() > kMaxNotesBytes) {
        fail(Fault::kLimit, "chunk note holds at most ", kMaxNotesBytes, " bytes: got ", payload.size());
    }
    std::vector<std::string_view> keys;
    Numbers numbers(payload, "a text of chunk note");
    std::size_t texts = 0;
    while (numbers.rest().size() > 0) {
        const std::uint32_t length = numbers.u16();
        const Bytes text = numbers.take(length);
        if (!is_utf8(text)) {
            fail(Fault::kCorrupted, "chunk note is not UTF-8");
        }
        if (texts++ % 2 == 0) {
            keys.emplace_back(reinterpret_cast<const char*>(text.data()), text.size());
        }
    }
    if (texts % 2) {
        fail(Fault::kCorrupted, "chunk note has a key without a value");
    }
    std::ranges::sort(keys);
    if (std::ranges::adjacent_find(keys) != keys.end()) {
        fail(Fault::kCorrupted, "chunk note gives a key twice");
    }
}

}  // namespace

IfsCode read_ifs(const Container& container) {
    const Header& header = container.header;
    if (header.has_alpha()) {
        fail(Fault::kUnsupported, "an IFS has no alpha channel: colour space ", header.color_space);
    }
    const auto payloads = container.payloads({"MAPS", "LEAF", "note"});
    if (!payloads[0]) {
        fail(Fault::kCorrupted, "an IFS needs chunk MAPS: the file has none");
    }
    IfsCode code{};
    read_maps(Numbers(*payloads[0], "chunk MAPS"), header.color_space == kSrgb, code);
    check_maps(code);
    if (payloads[1]) {
        read_leaf(*payloads[1], code);
    }
    if (payloads[2]) {
        check_notes(*payloads[2]);
        code.notes = *payloads[2];
    }
    const auto& [x_min, y_min, x_max, y_max] = code.viewport;
    if (!std::ranges::all_of(code.viewport, [](double v) { return std::isfinite(v); }) || !(x_max - x_min > 0) ||
        !(y_max - y_min > 0)) {
        refuse("viewport needs x_min < x_max and y_min < y_max");
    }
    return code;
}

}  // namespace selfsame::browser
