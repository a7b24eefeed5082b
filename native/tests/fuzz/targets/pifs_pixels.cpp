// Block codes: from whatever a file may hold to pixels, whole and in part, at any scale.
#include <cmath>

#include "pifs/attractor.hpp"
#include "pifs/compose.hpp"
#include "pifs/contraction.hpp"
#include "pifs/deblock.hpp"
#include "pifs/region.hpp"
#include "pifs/transform.hpp"
#include "pifs_file.hpp"

namespace {

using namespace selfsame;

// How a picture is drawn: a window of it, in pixels.
struct Drawing {
    int scale, iterations, strength;
    int top, left, height, width;
};

std::vector<std::int32_t> owners_of(const fuzz::PifsFile& file, std::size_t i) {
    const auto [height, width] = file.sides[i];
    std::vector<std::int32_t> owners(std::size_t(height / 4) * (width / 4), -1);
    pifs::fill_owners(file.blocks(i), Grid(owners.data(), height / 4, width / 4));
    fuzz::require(std::ranges::all_of(owners, [](std::int32_t owner) { return owner >= 0; }));
    return owners;
}

// What the encoder asks of a plane.
void prove(const fuzz::PifsFile& file, std::size_t i, Grid<const std::int32_t> owners) {
    const auto blocks = file.blocks(i);
    std::vector<pifs::Map> maps = file.planes[i].maps;
    pifs::make_contractive(blocks, {maps.data(), maps.size()}, owners);
    for (const double bound : pifs::contraction_bounds(blocks, fuzz::row(maps), owners)) {
        fuzz::require(bound < 1);
    }
}

// The blocks of a plane that its upper left corner depends on.
void find_depths(const fuzz::PifsFile& file, std::size_t i, Grid<const std::int32_t> owners, int iterations) {
    std::vector<std::uint8_t> cells(owners.height() * owners.width());
    cells[0] = 1;
    pifs::depths(file.blocks(i), file.maps(i), owners, {cells.data(), owners.height(), owners.width()}, iterations);
}

void draw(const fuzz::PifsFile& file, const Drawing& drawing, const std::vector<float>& steps) {
    std::vector<std::vector<float>> planes, smooth;
    std::vector<pifs::Window> windows;
    const std::size_t scale = drawing.scale;
    const pifs::Basis basis(drawing.scale);
    for (std::size_t i = 0; i < file.planes.size(); ++i) {
        const auto levels = file.levels(i);
        const std::size_t height = levels.height() * scale, width = levels.width() * scale;
        const auto owners = owners_of(file, i);
        const auto cells = fuzz::grid(owners, levels.width() / 4);
        prove(file, i, cells);
        find_depths(file, i, cells, drawing.iterations);
        std::vector<float> b(height * width);
        pifs::inverse_dct(levels, file.blocks(i), steps[i], basis, Grid(b.data(), height, width), 1);
        std::optional<pifs::Luma> luma;
        if (i > 0) {
            const std::size_t ratio = file.sides[0].width / levels.width();
            luma = pifs::Luma{fuzz::grid(planes[0], file.sides[0].width * scale), int(ratio)};
        }
        std::vector<float> x = b, out = b;
        for (int round = 0; round < drawing.iterations; ++round) {
            pifs::apply_maps(fuzz::grid(x, width), fuzz::grid(b, width), file.blocks(i), file.maps(i), drawing.scale,
                             luma, Grid(out.data(), height, width), 1);
            x = out;
        }
        smooth.push_back(x);
        if (drawing.strength > 0) {
            pifs::deblock(fuzz::grid(x, width), levels, file.blocks(i), file.maps(i), cells, steps[i],
                          drawing.strength, drawing.scale, Grid(smooth.back().data(), height, width), 1);
        }
        planes.push_back(std::move(x));
    }
    for (std::size_t i = 0; i < smooth.size(); ++i) {
        const std::size_t width = file.sides[i].width * scale;
        windows.push_back({fuzz::grid(smooth[i], width), 0, 0, file.sides[i].height * drawing.scale, int(width)});
    }
    const int channels = static_cast<int>(windows.size());
    const bool is_half = file.sides.size() > 1 && file.sides[1].width < file.sides[0].width;
    std::vector<float> picture(std::size_t(drawing.height) * drawing.width * channels);
    pifs::compose(windows, is_half, drawing.top, drawing.left, channels,
                  Grid(picture.data(), drawing.height, std::size_t(drawing.width) * channels), 1);
    for (const float value : picture) {
        fuzz::require(value >= 0 && value <= 1);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    Drawing drawing{};
    drawing.scale = input.within(1, 3);
    drawing.iterations = input.within(0, 4);
    drawing.strength = input.within(0, 7);
    std::vector<float> steps;
    for (int i = 0; i < 3; ++i) {
        steps.push_back(static_cast<float>(1 + input.any<std::uint16_t>()) / 64);
    }
    const float corner = static_cast<float>(input.any<std::uint16_t>()) / 65536;
    const float extent = static_cast<float>(input.any<std::uint16_t>()) / 65536;
    const auto file = fuzz::read_pifs(input, 1 << 14);
    if (file.planes.empty()) {
        return 0;
    }
    const int height = file.sides[0].height * drawing.scale, width = file.sides[0].width * drawing.scale;
    const auto part = [](int whole, float share) { return static_cast<int>(static_cast<float>(whole - 1) * share); };
    drawing.top = part(height, corner), drawing.left = part(width, corner);
    drawing.height = 1 + part(height - drawing.top, extent), drawing.width = 1 + part(width - drawing.left, extent);
    draw(file, drawing, steps);
    return 0;
}
