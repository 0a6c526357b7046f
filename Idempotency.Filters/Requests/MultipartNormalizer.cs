using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Requests;

/// <summary>
/// Hashes a multipart body as it streams, and replaces each occurrence of its boundary with a constant. Clients choose a random boundary
/// for each attempt, so a retry has the same parts but different bytes.
/// </summary>
internal sealed class MultipartNormalizer
{
    // RFC 2046, section 5.1.1, allows 70 characters, and ASP.NET Core reads 128. The time of the search grows with the length, so the
    // client must not choose it freely.
    private const int LongestBoundary = 128;

    private readonly IncrementalHash _hash;
    private readonly byte[] _boundary;

    // The last bytes that arrived, fewer than the boundary has: it may have begun in them. There is room for as many more.
    private readonly byte[] _window;
    private int _held;

    private MultipartNormalizer(byte[] boundary, IncrementalHash hash)
    {
        _hash = hash;
        _boundary = boundary;
        _window = new byte[2 * (boundary.Length - 1)];
    }

    private static ReadOnlySpan<byte> Constant => "\0boundary\0"u8;

    /// <summary>Null if the body is not multipart, or its boundary is missing or too long.</summary>
    public static MultipartNormalizer? For(string? contentType, IncrementalHash hash)
    {
        if (contentType is null || !contentType.AsSpan().TrimStart().StartsWith("multipart/", StringComparison.OrdinalIgnoreCase)
            || !MediaTypeHeaderValue.TryParse(contentType, out var mediaType))
        {
            return null;
        }

        var boundary = HeaderUtilities.RemoveQuotes(mediaType.Boundary);
        return boundary.Length is 0 or > LongestBoundary
            ? null
            : new MultipartNormalizer(Encoding.UTF8.GetBytes(boundary.ToString()), hash);
    }

    public void Append(ReadOnlySpan<byte> chunk)
    {
        if (_held > 0 && !TryLeaveWindow(ref chunk))
            return;

        for (int at; (at = chunk.IndexOf(_boundary)) >= 0; chunk = chunk[(at + _boundary.Length)..])
            EmitBoundaryAfter(chunk[..at]);
        Hold(chunk);
    }

    public void Complete() => Emit(_window.AsSpan(0, _held));

    /// <summary>Decides whether the held bytes begin a boundary. False if the chunk is too short to decide; then it is held, too.</summary>
    private bool TryLeaveWindow(ref ReadOnlySpan<byte> chunk)
    {
        // Take as many bytes as a boundary that began in the held bytes could still need.
        var taken = Math.Min(chunk.Length, _boundary.Length - 1);
        chunk[..taken].CopyTo(_window.AsSpan(_held));
        var window = _window.AsSpan(0, _held + taken);

        var at = window.IndexOf(_boundary);
        if (at >= 0)
        {
            EmitBoundaryAfter(window[..at]);
            chunk = chunk[(at + _boundary.Length - _held)..];
        }
        else if (taken < _boundary.Length - 1)
        {
            Hold(window);
            return false;
        }
        else
        {
            Emit(window[.._held]);
        }

        _held = 0;
        return true;
    }

    private void Hold(ReadOnlySpan<byte> bytes)
    {
        _held = Math.Min(bytes.Length, _boundary.Length - 1);
        Emit(bytes[..^_held]);
        bytes[^_held..].CopyTo(_window);
    }

    private void EmitBoundaryAfter(ReadOnlySpan<byte> bytes)
    {
        Emit(bytes);
        _hash.AppendData(Constant);
    }

    private void Emit(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
            _hash.AppendData(bytes);
    }
}
