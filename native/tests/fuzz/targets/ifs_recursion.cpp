// Depth-limited recursions, drawn, and searched for the nearest leaf, whatever the numbers of the maps.
#include <cmath>

#include "ifs/leaves.hpp"
#include "ifs/recursion.hpp"
#include "input.hpp"

namespace {

using namespace selfsame;

constexpr std::int64_t kBudget = 500;

std::vector<double> lengths(fuzz::Input& input, std::size_t n, double most) {
    auto values = input.numbers<double>(n, most);
    for (double& value : values) {
        value = std::abs(value);
    }
    return values;
}

void draw(fuzz::Input& input) {
    const int maps = input.within(1, 4), depth = input.within(0, 12);
    const auto matrices = input.numbers<double>(maps * 4, 1), offsets = input.numbers<double>(maps * 2, 2);
    const auto radii = lengths(input, depth + 1, 4);
    const ifs::Tree tree{fuzz::grid(matrices, 4), fuzz::grid(offsets, 2),
                         {input.number<double>(1), input.number<double>(1)}, fuzz::row(radii)};
    ifs::Affine root;
    ifs::Shape shape{input.any<std::uint8_t>() % 2 ? ifs::Shape::kCapsule : ifs::Shape::kParallelogram, {}};
    for (double& number : root) {
        number = input.number<double>(256);
    }
    for (double& number : shape.numbers) {
        number = input.number<double>(2);
    }
    const double half = lengths(input, 1, 8)[0];
    const int height = input.within(1, 40), width = input.within(1, 40);
    std::vector<float> picture(std::size_t(height) * width);
    ifs::draw_recursion(tree, root, shape, half, kBudget, Grid(picture.data(), height, width), 1);
    for (const float share : picture) {
        fuzz::require(share >= 0 && share <= 1);
    }
}

void search(fuzz::Input& input) {
    const int maps = input.within(1, 3), depth = input.within(0, 4);
    std::vector<std::int64_t> starts = {0};
    for (std::int64_t level = 0, words = 1; level <= depth; ++level, words *= maps) {
        starts.push_back(starts.back() + words);
    }
    const auto nodes = static_cast<std::size_t>(starts.back());
    const auto frames = input.numbers<double>(nodes * 7, 2), balls = input.numbers<double>(nodes * 3, 2);
    const auto shape = input.numbers<double>(5, 2);
    const std::size_t count = input.within(0, 8);
    const auto points = input.numbers<double>(count * 2, 4);
    std::vector<std::int64_t> winners(count);
    std::vector<double> distances(count);
    const ifs::Leaf leaf = std::array{ifs::Leaf::kDisk, ifs::Leaf::kRectangle, ifs::Leaf::kSegment}[input.within(0, 2)];
    ifs::nearest_leaves({maps, fuzz::row(starts), fuzz::grid(frames, 7), fuzz::grid(balls, 3)}, leaf,
                        fuzz::row(shape), fuzz::grid(points, 2), {winners.data(), count}, {distances.data(), count},
                        1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    if (input.any<std::uint8_t>() % 4) {
        draw(input);
    } else {
        search(input);
    }
    return 0;
}
