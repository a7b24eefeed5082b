// Block codes: from the bytes of a file to blocks, maps and levels, and back to bytes that mean the same.
#include "pifs_file.hpp"

namespace {

using namespace selfsame;

void check_round_trip(const fuzz::PifsFile& file) {
    pifs::BandWriter writer(file.sides, file.rows, fuzz::pifs_models());
    std::vector<Zeros<std::int32_t>> copies;
    for (std::size_t i = 0; i < file.planes.size(); ++i) {
        const auto levels = file.levels(i);
        auto& copy = copies.emplace_back(levels.height() * levels.width());
        std::copy_n(levels.data(), copy.size(), copy.data());
        fuzz::require(writer.write(i, file.blocks(i), file.maps(i), {copy.data(), levels.height(), levels.width()},
                                   nullptr, 1));
    }
    const auto written = writer.finished();
    std::vector<std::optional<Row<const std::uint8_t>>> streams;
    for (const auto& stream : written) {
        streams.push_back(fuzz::row(stream));
    }
    const auto again = pifs::read_bands(streams, file.sides, file.rows, fuzz::pifs_models(), 1);
    fuzz::require(again.size() == file.planes.size());
    for (std::size_t i = 0; i < again.size(); ++i) {
        const auto &one = file.planes[i], &other = again[i];
        fuzz::require(one.blocks == other.blocks);
        fuzz::require(std::ranges::equal(one.maps, other.maps, [](const pifs::Map& a, const pifs::Map& b) {
            return std::memcmp(&a, &b, sizeof a) == 0;
        }));
        fuzz::require(std::memcmp(one.levels.data(), other.levels.data(), one.levels.size() * 4) == 0);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = fuzz::read_pifs(fuzz::Input(data, size), 1 << 13);
    if (!file.planes.empty()) {
        check_round_trip(file);
    }
    return 0;
}
