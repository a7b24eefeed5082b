// What the browser's module has in place of exceptions and of a system: whoever cannot go on leaves what is
// wrong, and traps. The page reads it and drops the instance, with all its memory.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/fail.hpp"
#include "core/grid.hpp"

namespace selfsame {

namespace {

constexpr int kInternal = -1;  // no fault: the library's own

struct Note {
    int fault, length;
    char words[512];
};
Note note{kInternal, 0, {}};

[[noreturn]] void stop(int fault, const char* words, std::size_t length) {
    note.fault = fault;
    note.length = static_cast<int>(std::min(length, sizeof(note.words)));
    std::memcpy(note.words, words, note.length);
    __builtin_trap();
}

[[noreturn]] void stop(int fault, const char* words) { stop(fault, words, std::strlen(words)); }

}  // namespace

void raise(Fault fault, const std::string& words) { stop(static_cast<int>(fault), words.data(), words.size()); }

void out_of_bounds() { stop(kInternal, "an index out of bounds"); }

}  // namespace selfsame

extern "C" __attribute__((export_name("fault"))) const void* fault() { return &selfsame::note; }

void* operator new(std::size_t size) {
    if (void* memory = std::malloc(size)) {
        return memory;
    }
    selfsame::stop(static_cast<int>(selfsame::Fault::kMemory), "there is not as much memory as this takes");
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

// Where the standard library would throw: of containers that cannot be as large, and else for a mistake.
[[noreturn]] void std::__libcpp_verbose_abort(const char* format, ...) noexcept {
    const bool is_length = std::strncmp(format, "length_error", std::strlen("length_error")) == 0;
    selfsame::stop(is_length ? static_cast<int>(selfsame::Fault::kMemory) : selfsame::kInternal,
                   is_length ? "there is not as much memory as this takes" : format);
}
