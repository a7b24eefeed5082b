// Mosaics: painting and windows, whatever the numbers of the patches.
#include "input.hpp"
#include "mosaic/drawing.hpp"

namespace {

using namespace selfsame;

// A picture's bytes, of all sorts.
std::vector<std::uint8_t> bytes(std::size_t count) {
    std::vector<std::uint8_t> values(count);
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = static_cast<std::uint8_t>(i * 151);
    }
    return values;
}

void paint(fuzz::Input& input, int channels) {
    const int height = input.within(1, 24), width = input.within(1, 24);
    const int own_height = input.within(1, height), own_width = input.within(1, width);
    const std::size_t count = input.within(0, 3);
    std::vector<std::int64_t> corners;
    std::vector<std::uint8_t> isometries;
    for (std::size_t k = 0; k < count; ++k) {
        corners.push_back(input.within(-32, 32));
        corners.push_back(input.within(0, width - own_width));
        isometries.push_back(input.any<std::uint8_t>());
    }
    const auto base = input.numbers<float>(count * 3 * channels, 300);
    const auto maps = input.numbers<float>(count * channels * channels, 2);
    auto band = bytes(std::size_t(height) * width * channels);
    const auto copy = bytes(std::size_t(own_height) * own_width * channels);
    const mosaic::Places places{fuzz::grid(corners, 2), fuzz::row(isometries), fuzz::grid(base, 3 * channels),
                                fuzz::grid(maps, channels * channels)};
    mosaic::paint({Grid(band.data(), height, std::size_t(width) * channels), channels}, input.within(-8, 8), places,
                  {fuzz::grid(copy, std::size_t(own_width) * channels), channels}, 1);
}

void view(fuzz::Input& input, int channels) {
    const int patches = input.within(1, 4), finest = input.within(1, 4);
    std::vector<std::int32_t> map;
    for (int i = 0; i < finest * finest; ++i) {
        map.push_back(input.within(0, patches - 1));
    }
    const auto rects = input.numbers<double>(patches * 4, 1);
    std::vector<std::uint8_t> isometries;
    for (int i = 0; i < patches; ++i) {
        isometries.push_back(input.any<std::uint8_t>());
    }
    const auto base = input.numbers<double>((patches + 1) * 3 * channels, 1);
    const auto maps = input.numbers<double>((patches + 1) * channels * channels, 2);
    std::vector<std::int64_t> levels;
    std::int64_t pixels = 0;
    for (int side = input.within(1, 8); side > 0; side /= 2) {
        const int width = input.within(1, side);
        levels.insert(levels.end(), {pixels, side, width});
        pixels += side * width;
    }
    const auto stored = input.numbers<float>(pixels * channels, 1);
    const mosaic::Address address{fuzz::grid(map, finest),        fuzz::grid(rects, 4),
                                  fuzz::row(isometries),          fuzz::grid(base, 3 * channels),
                                  fuzz::grid(maps, channels * channels), fuzz::grid(stored, channels),
                                  fuzz::grid(levels, 3)};
    const mosaic::Window window{input.number<double>(1), input.number<double>(1), input.number<double>(1),
                                input.any<std::int32_t>()};
    const int height = input.within(1, 4), width = input.within(1, 4);
    auto frame = bytes(std::size_t(height) * width * channels);
    mosaic::view({Grid(frame.data(), height, std::size_t(width) * channels), channels}, window, address,
                 input.within(1, 3), 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const int channels = input.any<std::uint8_t>() % 2 ? 3 : 1;
    if (input.any<std::uint8_t>() % 4) {
        view(input, channels);
    } else {
        paint(input, channels);
    }
    return 0;
}
