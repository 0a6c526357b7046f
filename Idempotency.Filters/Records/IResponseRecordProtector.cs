using System.Buffers;

namespace Idempotency.Filters;

/// <summary>
/// Transforms whole records on their way into the store and back, for example to encrypt or to compress them. Registered with
/// <c>AddIdempotency().ProtectRecords(...)</c>; stands for the serializer hooks of flask-idempotent.
/// </summary>
/// <remarks>
/// <para>One instance serves all requests at the same time, for all stores.</para>
/// <para>
/// The storage key is associated data. A protector that encrypts should bind the bytes to it, so that a record which somebody copies to
/// another key cannot be read there; it need not be stored with them.
/// </para>
/// <para>What stores need to work with (state, lease, expiry) stands beside the record, and is not protected.</para>
/// </remarks>
public interface IResponseRecordProtector
{
    /// <summary>Protects one record.</summary>
    /// <param name="storageKey">The key under which the bytes are stored.</param>
    /// <param name="record">The record: response, headers and the hash of the request. Valid during the call only.</param>
    /// <param name="destination">Takes the bytes to store.</param>
    /// <remarks>
    /// Whatever it throws is handled as a store that fails after the action: the client gets its answer, the key stays closed, and the
    /// record is tried again until the claim ends.
    /// </remarks>
    void Protect(string storageKey, in ReadOnlySequence<byte> record, IBufferWriter<byte> destination);

    /// <summary>Gives the record back that <see cref="Protect"/> was given.</summary>
    /// <param name="storageKey">The key under which the bytes were found.</param>
    /// <param name="bytes">What is stored there, which may be anything. Valid during the call only.</param>
    /// <param name="destination">Takes the record.</param>
    /// <remarks>
    /// Whatever it throws makes the record unreadable: it is logged, and the request is answered 503 <c>record-unreadable</c>. The action
    /// does not run.
    /// </remarks>
    void Unprotect(string storageKey, in ReadOnlySequence<byte> bytes, IBufferWriter<byte> destination);
}
