#include "browser/drawing/points.hpp"

#include <algorithm>
#include <utility>

#include "core/fail.hpp"

namespace selfsame::browser {

std::vector<float> singles(const std::vector<double>& values) { return {values.begin(), values.end()}; }

Maps no_words(const Maps& maps) { return {maps.dimension, maps.space, {}, {}, {}}; }

std::vector<std::uint64_t> tree_of(const Maps& maps) {
    return probability_tree(maps.size() ? maps.probabilities : std::vector{1.0});
}

void refuse_escape() {
    fail(Fault::kInput, "100% of the points escape to infinity: the maps expand on average; shrink the matrices "
                        "below 1");
}

PointSource::PointSource(const Maps& maps, const Maps& words, std::uint64_t points, std::uint64_t seed,
                         bool is_on_cells)
    : fields_(choose_fields(points, std::max(maps.size(), words.size()))),
      seed_(seed),
      game_(maps, is_on_cells),
      words_(words, false),
      start_(singles(start_point(maps))),
      burn_in_(burn_in_steps(maps)) {}

PointSource::Game::Game(const Maps& from, bool is_on_cells)
    : dimension(from.dimension), matrices(singles(from.matrices)), offsets(singles(from.offsets)),
      tree(tree_of(from)), is_on_cells(is_on_cells) {}

ifs::SpaceGame PointSource::Game::view() const {
    const std::size_t n = dimension, count = offsets.size() / n;
    return {{matrices.data(), count * n, n}, {offsets.data(), count, n}, {tree.data(), tree.size()}, is_on_cells};
}

void PointSource::fill(std::uint64_t share, Grid<float> out) const {
    ifs::sample_share(ifs::Stream(seed_, share),
                      {fields_.population, fields_.ancestors, {start_.data(), start_.size()}, burn_in_}, game_.view(),
                      words_.view(), out);
}

void PointSource::draw(std::uint64_t points, std::uint64_t each,
                       const std::function<bool(Grid<const float>)>& take) const {
    std::vector<float> memory;
    bool are_all_lost = true;
    for (std::uint64_t done = 0; done < points; done += each) {
        const auto count = static_cast<std::size_t>(std::min(each, points - done)), n = start_.size();
        memory.resize(count * n);
        fill(done / each, {memory.data(), count, n});
        are_all_lost &= take({memory.data(), count, n});
    }
    if (are_all_lost) {
        refuse_escape();
    }
}

std::vector<float> averaged(const std::vector<float>& cells, int width, int height, int s, int channels) {
    if (s == 1) {
        return cells;
    }
    std::vector<float> means(std::size_t(width) * height * channels);
    const std::size_t stride = std::size_t(width) * s * channels;
    for (int y = 0; y < height * s; ++y) {
        float* target = &means[std::size_t(y / s) * width * channels];
        const float* row = &cells[y * stride];
        for (int x = 0; x < width * s; ++x) {
            for (int c = 0; c < channels; ++c) {
                target[x / s * channels + c] += row[x * channels + c];
            }
        }
    }
    for (float& mean : means) {
        mean /= static_cast<float>(s * s);
    }
    return means;
}

}  // namespace selfsame::browser
