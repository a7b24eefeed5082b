// Planes of block codes from bytes, as a file brings them.
#pragma once

#include <optional>
#include <vector>

#include "input.hpp"
#include "pifs/stream.hpp"
#include "tables.hpp"

namespace selfsame::fuzz {

struct PifsFile {
    std::vector<pifs::Sides> sides;  // padded
    int rows = 0;                    // of a band of luma, 0 for a single one
    std::vector<std::optional<Row<const std::uint8_t>>> streams;
    std::vector<pifs::PlaneParts> planes;  // none if the file is damaged

    Grid<const std::int32_t> levels(std::size_t i) const {
        return {planes[i].levels.data(), std::size_t(sides[i].height), std::size_t(sides[i].width)};
    }
    Row<const pifs::Block> blocks(std::size_t i) const { return row(planes[i].blocks); }
    Row<const pifs::Map> maps(std::size_t i) const { return row(planes[i].maps); }
};

inline coding::Models pifs_models() {
    return models(kPifsSlots, kPifsWeights, pifs::kSlots.count, pifs::kSets.count);
}

// A file is: flags (1 for colour, 2 for chroma of half resolution, 4 for bands), height and width in units
// of 8 pixels less one, then what chunk PIFS has behind its steps. Larger than `most` pixels, it is none.
inline PifsFile read_pifs(Input input, int most) {
    constexpr int kColour = 1, kHalfChroma = 2, kBands = 4, kAlignment = 8;
    PifsFile file;
    const int flags = input.any<std::uint8_t>();
    const int height = kAlignment * (1 + input.any<std::uint8_t>());
    const int width = kAlignment * (1 + input.any<std::uint8_t>());
    if (height * width > most) {
        return file;
    }
    file.sides.push_back({height, width});
    for (int plane = 1; flags & kColour && plane < 3; ++plane) {
        const int ratio = flags & kHalfChroma ? 2 : 1;
        file.sides.push_back({height / ratio, width / ratio});
    }
    std::vector<std::uint32_t> sizes;
    if (flags & kBands) {
        file.rows = pifs::kBandUnit * (1 + input.any<std::uint16_t>() % 4);
        sizes.resize((height - 1) / file.rows);
        for (auto& size : sizes) {
            size = input.any<std::uint32_t>();
        }
    }
    auto rest = input.rest();
    for (const std::uint32_t size : sizes) {
        const std::size_t count = std::min<std::size_t>(size, rest.size());
        file.streams.push_back(rest.part(0, count));
        rest = rest.part(count, rest.size() - count);
    }
    file.streams.push_back(rest);
    static const coding::Models first = pifs_models();
    file.planes = pifs::read_bands(file.streams, file.sides, file.rows, first, 1);
    return file;
}

}  // namespace selfsame::fuzz
