// For compilers without libFuzzer: runs a target on seeds and on mutations of them, the same in every run.
//
// Takes the arguments of libFuzzer that tools/fuzz.py gives: folders of seeds, -runs=N, -seed=N,
// -max_total_time=SECONDS, -artifact_prefix=PATH. It does not learn from coverage.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kMostBytes = 8192;
constexpr std::uint8_t kExtremes[][8] = {{0}, {255, 255, 255, 255, 255, 255, 255, 255}, {0, 0, 0, 128},
                                         {255, 255, 255, 127}, {0, 0, 128, 127}, {0, 0, 192, 255},
                                         {0, 0, 0, 0, 0, 0, 240, 127}, {0, 0, 0, 0, 0, 0, 248, 255}};

std::string prefix;
Bytes current;

// Keep the input that ended a run, and end it.
void keep(int) {
    const std::string path = prefix + "crash-" + std::to_string(std::hash<std::string_view>()(
                                                     {reinterpret_cast<char*>(current.data()), current.size()}));
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<char*>(current.data()), current.size());
    std::fprintf(stderr, "the input is kept: %s\n", path.c_str());
    std::_Exit(1);
}

class Mutator {
public:
    explicit Mutator(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t n) { return random_() % n; }

    void change(Bytes& bytes, const Bytes& other) {
        for (std::size_t count = 1 + below(4); count > 0; --count) {
            const std::size_t at = below(bytes.size() + 1), span = std::min(1 + below(16), bytes.size() - at);
            const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
            const auto end = place + static_cast<std::ptrdiff_t>(span);
            switch (below(6)) {
                case 0:
                    if (span) {
                        *place ^= static_cast<std::uint8_t>(1 << below(8));
                    }
                    break;
                case 1:
                    std::generate(place, end, [&] { return static_cast<std::uint8_t>(random_()); });
                    break;
                case 2:
                    bytes.erase(place, end);
                    break;
                case 3:
                    bytes.insert(place, 1 + below(8), static_cast<std::uint8_t>(random_()));
                    break;
                case 4:
                    std::copy_n(kExtremes[below(std::size(kExtremes))], std::min<std::size_t>(span, 8), place);
                    break;
                default:
                    if (!other.empty()) {
                        const std::size_t from = below(other.size());
                        bytes.insert(place, other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
                    }
            }
        }
        bytes.resize(std::min(bytes.size(), kMostBytes));
    }

private:
    std::mt19937 random_;
};

void run(const Bytes& bytes) {
    current = bytes;
    const auto exact = std::make_unique<std::uint8_t[]>(bytes.size());  // a vector may have room behind its end
    std::ranges::copy(bytes, exact.get());
    LLVMFuzzerTestOneInput(exact.get(), bytes.size());
}

}  // namespace

int main(int count, char** arguments) {
    long runs = 0;
    double seconds = 1e9;
    unsigned seed = 1;
    std::vector<Bytes> seeds = {{}};
    for (int i = 1; i < count; ++i) {
        const std::string argument = arguments[i];
        const auto value = [&](const char* name) {
            return argument.starts_with(name) ? argument.c_str() + std::strlen(name) : nullptr;
        };
        if (const char* number = value("-runs=")) {
            runs = std::stol(number);
        } else if (const char* number = value("-seed=")) {
            seed = static_cast<unsigned>(std::stoul(number));
        } else if (const char* number = value("-max_total_time=")) {
            seconds = std::stod(number);
        } else if (const char* path = value("-artifact_prefix=")) {
            prefix = path;
        } else if (!argument.starts_with("-")) {
            std::vector<std::filesystem::path> paths;
            for (const auto& entry : std::filesystem::directory_iterator(argument)) {
                paths.push_back(entry.path());
            }
            std::ranges::sort(paths);
            for (const auto& path : paths) {
                std::ifstream file(path, std::ios::binary);
                seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
            }
        }
    }
    std::signal(SIGABRT, keep);  // what sanitizers end with, as tools/fuzz.py asks them to
    for (const Bytes& bytes : seeds) {
        run(bytes);
    }
    Mutator mutator(seed);
    const auto start = std::chrono::steady_clock::now();
    const auto is_over = [&] { return std::chrono::steady_clock::now() - start > std::chrono::duration<double>(seconds); };
    long done = static_cast<long>(seeds.size());
    for (; done < runs || runs == 0; ++done) {
        if (is_over()) {
            break;
        }
        Bytes bytes = seeds[mutator.below(seeds.size())];
        mutator.change(bytes, seeds[mutator.below(seeds.size())]);
        run(bytes);
    }
    std::fprintf(stderr, "Done %ld runs\n", done);
    return 0;
}
