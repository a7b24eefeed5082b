// Mosaics: from the bytes of a file to patches, and back to bytes that mean the same.
#include "input.hpp"
#include "mosaic/syntax.hpp"

using namespace selfsame;

// Patches of the finest level along a side: a file may have 16 times as many, at as little speed.
constexpr int kMostFinest = 64;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    mosaic::Patches patches{};
    patches.channels = input.any<std::uint8_t>() % 2 ? 3 : 1;
    patches.levels = input.any<std::uint8_t>() % (mosaic::kMaxLevels + 1);
    patches.grid = 1 + input.any<std::uint8_t>() % (kMostFinest >> patches.levels);
    patches.tint = input.any<std::uint8_t>();
    mosaic::Patches again = patches;
    if (!mosaic::read_patches(input.rest(), patches)) {
        return 0;
    }
    const auto written = mosaic::write_patches(patches);
    fuzz::require(written.has_value());
    fuzz::require(mosaic::read_patches(fuzz::row(written->bytes), again));
    fuzz::require(again.cells == patches.cells && again.isometries == patches.isometries &&
                  again.contrasts == patches.contrasts && again.means == patches.means &&
                  again.slopes == patches.slopes);
    return 0;
}
