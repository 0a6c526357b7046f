using System.Runtime.InteropServices;

namespace Idempotency.Filters.TestSupport;

/// <summary>System V shared memory, which outlives the processes that used it.</summary>
internal static class SystemMemory
{
    private const int Remove = 0;

    public static void Free(int id) => _ = shmctl(id, Remove, 0);

    [DllImport("libc")]
    private static extern int shmctl(int id, int command, nint buffer);
}
