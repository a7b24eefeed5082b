// Block codes: from whatever a file may hold to pixels, whole and in part, at any scale.
#include <cmath>

#include "pifs/contraction.hpp"
#include "pifs/decode.hpp"
#include "pifs/region.hpp"
#include "pifs_file.hpp"

namespace {

using namespace selfsame;

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

void draw(const fuzz::PifsFile& file, const pifs::Sampling& sampling, int iterations, int deblock,
          const std::vector<float>& steps, bool has_alpha) {
    std::vector<pifs::PlaneCode> planes;
    for (std::size_t i = 0; i < file.planes.size(); ++i) {
        const auto owners = owners_of(file, i);
        prove(file, i, fuzz::grid(owners, file.levels(i).width() / 4));
        const auto [height, width] = file.sides[i];
        planes.push_back({height, width, steps[i], file.blocks(i), file.maps(i), file.levels(i)});
    }
    const auto& luma = planes[0];
    std::vector<std::uint8_t> alpha(has_alpha ? luma.height * luma.width : 0, 200);
    const bool is_half = planes.size() > 1 && planes[1].width < luma.width;
    const pifs::PictureCode code{planes, is_half, deblock, fuzz::grid(alpha, luma.width)};
    const std::size_t channels = planes.size() + has_alpha, width = channels * sampling.width;
    std::vector<float> picture(sampling.height * width);
    std::vector<std::uint8_t> bytes(picture.size());
    pifs::decode(code, sampling, iterations, {}, Grid(picture.data(), sampling.height, width), 1);
    pifs::decode(code, sampling, iterations, {}, Grid(bytes.data(), sampling.height, width), 1);
    for (std::size_t i = 0; i < picture.size(); ++i) {
        fuzz::require(picture[i] >= 0 && picture[i] <= 1 && bytes[i] == std::rint(picture[i] * 255));
    }
    fuzz::require(!pifs::bands_seen(code, sampling, iterations, pifs::kBandUnit).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    pifs::Sampling sampling{};
    sampling.grid = input.within(1, 3);
    const int iterations = input.within(0, 4), deblock = input.within(0, 7);
    std::vector<float> steps;
    for (int i = 0; i < 3; ++i) {
        steps.push_back(static_cast<float>(1 + input.any<std::uint16_t>()) / 64);
    }
    const float corner = static_cast<float>(input.any<std::uint16_t>()) / 65536;
    const float extent = static_cast<float>(input.any<std::uint16_t>()) / 65536;
    const bool has_alpha = input.within(0, 1);
    const int less = input.within(0, 3);  // pixels than samples
    const auto file = fuzz::read_pifs(input, 1 << 13);
    if (file.planes.empty()) {
        return 0;
    }
    const auto [height, width] = file.sides[0];
    const auto part = [](int whole, float share) { return static_cast<int>(static_cast<float>(whole - 1) * share); };
    sampling.top = part(height, corner), sampling.left = part(width, corner);
    sampling.bottom = sampling.top + 1 + part(height - sampling.top, extent);
    sampling.right = sampling.left + 1 + part(width - sampling.left, extent);
    sampling.height = std::max(1, (sampling.bottom - sampling.top) * sampling.grid - less);
    sampling.width = std::max(1, (sampling.right - sampling.left) * sampling.grid - less);
    sampling.is_whole_scale = less == 0;
    draw(file, sampling, iterations, deblock, steps, has_alpha);
    return 0;
}
