#include "browser/files/models.hpp"

#include <string_view>

#include "browser/files/container.hpp"
#include "core/fail.hpp"

namespace selfsame::browser {

namespace {

// Take the next array, of `count` numbers of `size` bytes, from an archive of NumPy's: a ZIP file (APPNOTE.TXT)
// whose members are deflated. Only what numpy.savez_compressed writes is read.
std::vector<std::uint8_t> next_array(Numbers& archive, std::string_view name, std::size_t count, std::size_t size) {
    constexpr std::uint32_t kMember = 0x04034B50, kElsewhere = 0xFFFFFFFF;
    constexpr std::size_t kSkipped = 4, kTimeAndCrc = 8;
    const std::uint32_t signature = archive.u32();
    archive.take(kSkipped);
    const std::uint32_t method = archive.u16();
    archive.take(kTimeAndCrc);
    std::size_t packed = archive.u32(), unpacked = archive.u32();
    const std::size_t name_length = archive.u16(), extra_length = archive.u16();
    const Bytes found = archive.take(name_length);
    Numbers extra(archive.take(extra_length), "a table");
    if (packed == kElsewhere && unpacked == kElsewhere) {
        extra.take(4);  // sizes of 64 bits follow, the unpacked one first
        unpacked = extra.u32();
        extra.take(4);
        packed = extra.u32();
    }
    const std::string_view wanted(reinterpret_cast<const char*>(found.data()), found.size());
    if (signature != kMember || method != 8 || !wanted.starts_with(name) || unpacked < count * size) {
        fail(Fault::kInput, "these are no tables of a range coder: ", name, " is missing");
    }
    auto array = inflated_bare(archive.take(packed), unpacked, "a table");
    array.erase(array.begin(), array.end() - static_cast<std::ptrdiff_t>(count * size));  // type and shape
    return array;
}

}  // namespace

coding::Models read_models(Bytes data, std::size_t slots, std::size_t sets) {
    Numbers archive(data, "a file of tables");
    const auto probabilities = next_array(archive, "probabilities", slots, 2);
    const auto counts = next_array(archive, "counts", slots, 1);
    const auto weights = next_array(archive, "weights", sets * coding::kMaxInputs, 4);
    coding::Models models;
    models.slots.resize(slots);
    for (std::size_t i = 0; i < slots; ++i) {
        models.slots[i] =
            std::uint32_t(probabilities[2 * i + 1]) << 24 | std::uint32_t(probabilities[2 * i]) << 16 | counts[i];
    }
    models.weights.resize(sets);
    Numbers numbers({weights.data(), weights.size()}, "weights");
    for (auto& set : models.weights) {
        for (std::int32_t& weight : set) {
            weight = static_cast<std::int32_t>(numbers.u32());
        }
    }
    return models;
}

}  // namespace selfsame::browser
