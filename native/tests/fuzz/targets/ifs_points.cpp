// The chaos game and what becomes of its points, whatever the numbers of the maps.
#include "ifs/depth.hpp"
#include "ifs/histogram.hpp"
#include "ifs/orbit.hpp"
#include "ifs/sampling.hpp"
#include "ifs/splat.hpp"
#include "input.hpp"

namespace {

using namespace selfsame;

constexpr ifs::Field kField{6, 0b1000011}, kAncestors{4, 0b10011};

// How often each of so many maps is chosen.
std::vector<std::uint64_t> tree_of(fuzz::Input& input, int maps) {
    int leaves = 1;
    while (leaves < maps) {
        leaves *= 2;
    }
    std::vector<std::uint64_t> tree(leaves);
    for (auto& share : tree) {
        share = input.any<std::uint64_t>();
    }
    return tree;
}

ifs::Stream stream_of(fuzz::Input& input) { return {input.any<std::uint64_t>(), input.any<std::uint64_t>()}; }

template <typename Map>
std::vector<Map> maps_of(fuzz::Input& input, int count) {
    std::vector<Map> maps(count);
    for (auto& map : maps) {
        for (auto& number : map) {
            number = input.number<typename Map::value_type>(2);
        }
    }
    return maps;
}

template <typename T>
void plot(fuzz::Input& input) {
    const int count = input.within(1, 4), through = input.within(0, 2);
    const auto maps = maps_of<ifs::PlanarMap>(input, count), words = maps_of<ifs::PlanarMap>(input, through);
    const auto tree = tree_of(input, count), word_tree = tree_of(input, through);
    const int height = input.within(1, 20), width = input.within(1, 20);
    const ifs::Start start{kField, kAncestors, {input.number<float>(20), input.number<float>(20)}, input.within(0, 3)};
    const std::size_t cells = std::size_t(height + 2) * (width + 2);
    std::vector<T> histogram(std::is_same_v<T, std::uint8_t> ? ifs::bytes_of_bits(cells) : cells);
    ifs::plot_share<T>(stream_of(input), input.within(0, 200), start, {fuzz::row(maps), fuzz::row(tree)},
                       {fuzz::row(words), fuzz::row(word_tree)}, width, height, {histogram.data(), histogram.size()});
}

template <typename Value>
void draw_batch(fuzz::Input& input) {
    const int count = input.within(1, 4);
    const auto maps = maps_of<ifs::PlaneMap>(input, count);
    const std::vector<std::int64_t> bounds = {0, count}, burn_ins = {input.within(0, 3)};
    const auto tree = tree_of(input, count);
    const auto starts = input.numbers<double>(2, 2);
    auto views = input.numbers<double>(4, 2);
    const std::vector<std::uint64_t> streams = {input.any<std::uint64_t>()};
    const int height = input.within(1, 20), width = input.within(1, 20);
    const ifs::Systems systems{fuzz::row(maps), fuzz::row(bounds), fuzz::grid(tree, tree.size()), fuzz::grid(starts, 2),
                               fuzz::row(burn_ins)};
    const bool is_fitted = input.any<std::uint8_t>() % 2;
    const ifs::Batch batch{input.any<std::uint64_t>(), fuzz::row(streams), kField, kAncestors,
                           static_cast<std::uint64_t>(input.within(0, 200)), width, height, is_fitted,
                           input.number<double>(1), input.number<double>(2)};
    const ifs::Mode mode = std::array{ifs::Mode::kBinary, ifs::Mode::kGrey, ifs::Mode::kLog,
                                      ifs::Mode::kPatch}[input.within(0, 3)];
    std::vector<double> lost(1);
    std::vector<Value> out(std::size_t(height) * width);
    ifs::draw_batch<Value>(systems, batch, mode, Value(255), Grid(views.data(), 1, 4), {lost.data(), 1},
                           Grid(out.data(), 1, out.size()), 1);
}

// Points of space or coloured ones of the plane, and the pictures of them.
void sample(fuzz::Input& input) {
    const int count = input.within(1, 3), dimension = input.any<std::uint8_t>() % 2 ? 5 : 6;
    const auto matrices = input.numbers<float>(count * dimension * dimension, 1);
    const auto offsets = input.numbers<float>(count * dimension, 2);
    const auto tree = tree_of(input, count);
    const auto start = input.numbers<float>(dimension, 2);
    const ifs::SpaceGame game{fuzz::grid(matrices, dimension), fuzz::grid(offsets, dimension), fuzz::row(tree)};
    const ifs::SpaceGame none{{nullptr, 0, std::size_t(dimension)}, {nullptr, 0, std::size_t(dimension)}, {}};
    std::vector<float> points(100 * dimension);
    ifs::sample_share(stream_of(input), {kField, kAncestors, fuzz::row(start), 2}, game,
                      input.any<std::uint8_t>() % 2 ? game : none, Grid(points.data(), 100, dimension));
    for (float& value : points) {
        value = input.any<std::uint8_t>() % 8 ? value : input.any<float>();
    }
    const std::size_t height = input.within(1, 8), width = input.within(1, 8);
    std::vector<std::uint64_t> sums(height * width * 4);
    if (dimension == 5) {
        ifs::add_colors(fuzz::grid(points, 5), Grid(sums.data(), height, width * 4));
    } else {
        const auto camera = input.numbers<float>(9, 1);
        ifs::project(fuzz::grid(points, 6), fuzz::grid(camera, 3), input.number<float>(8),
                     Grid(sums.data(), height, width));
    }
}

template <typename T>
void follow(fuzz::Input& input) {
    const int maps = input.within(1, 3), sequences = input.within(0, 2), steps = input.within(0, 5);
    const int d = input.within(1, 8);
    const auto matrices = input.numbers<T>(maps * d * d, 1), offsets = input.numbers<T>(maps * d, 2);
    const auto start = input.numbers<T>(d, 2);
    std::vector<std::int64_t> indices(sequences * steps);
    for (auto& index : indices) {
        index = input.within(0, maps - 1);
    }
    const std::size_t size = indices.size() * d;
    std::vector<T> points(size), grad_matrices(matrices.size()), grad_offsets(offsets.size());
    const ifs::Orbits<T> orbits{maps, sequences, steps, d, {matrices.data(), 1, matrices.size()},
                                {indices.data(), 1, indices.size()}, {start.data(), 1, start.size()}};
    ifs::follow(orbits, Grid<const T>(offsets.data(), 1, offsets.size()), Grid(points.data(), 1, size), 1);
    const Grid<const T> above(points.data(), 1, size);
    ifs::follow_back(orbits, above, above, Grid(grad_matrices.data(), 1, grad_matrices.size()),
                     Grid(grad_offsets.data(), 1, grad_offsets.size()), 1);
}

template <typename T>
void splat(fuzz::Input& input) {
    const std::size_t count = input.within(0, 6);
    const int channels = input.within(1, 3), height = input.within(1, 12), width = input.within(1, 12);
    const auto points = input.numbers<T>(count * 2, 20), values = input.numbers<T>(count * channels, 2);
    const ifs::Kernel kernel{1 + input.number<double>(1), double(input.within(0, 1000)) / 64, height, width};
    std::vector<T> images(std::size_t(channels) * height * width), grad_points(points.size()), grad_values(values.size());
    const ifs::Clouds<const T> clouds{{points.data(), 1, points.size()}, {values.data(), 1, values.size()}, channels};
    ifs::splat<T>(clouds, kernel, {images.data(), 1, images.size()}, 1);
    const ifs::Clouds<T> gradients{{grad_points.data(), 1, points.size()}, {grad_values.data(), 1, values.size()},
                                   channels};
    ifs::splat_gradient<T>(clouds, kernel, {images.data(), 1, images.size()}, gradients, 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    switch (input.any<std::uint8_t>() % 9) {
        case 0:
            plot<std::uint8_t>(input);
            break;
        case 1:
            plot<std::uint32_t>(input);
            break;
        case 2:
            draw_batch<float>(input);
            break;
        case 3:
            draw_batch<std::uint8_t>(input);
            break;
        case 4:
            sample(input);
            break;
        case 5:
            follow<float>(input);
            break;
        case 6:
            follow<double>(input);
            break;
        case 7:
            splat<float>(input);
            break;
        default:
            splat<double>(input);
    }
    return 0;
}
