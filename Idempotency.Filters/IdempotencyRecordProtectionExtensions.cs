using System.Diagnostics.CodeAnalysis;
using Idempotency.Filters;
using Idempotency.Filters.Records;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Protects the records of all stores: the last of these calls counts.</summary>
public static class IdempotencyRecordProtectionExtensions
{
    /// <summary>
    /// Encrypts records with ASP.NET Core Data Protection, each bound to its storage key. Calls <c>AddDataProtection()</c>; where the key
    /// ring is kept, and that all instances of the application share it, is for the application to set up.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <returns>The builder.</returns>
    public static IIdempotencyBuilder ProtectRecords(this IIdempotencyBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);

        builder.Services.AddDataProtection();
        return builder.ProtectRecords(
            provider => new DataProtectionRecordProtector(provider.GetRequiredService<IDataProtectionProvider>()));
    }

    /// <summary>Sends records through a protector of your own, made once.</summary>
    /// <typeparam name="TProtector">The protector; its constructor may ask for services.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <returns>The builder.</returns>
    public static IIdempotencyBuilder ProtectRecords<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TProtector>(
        this IIdempotencyBuilder builder)
        where TProtector : class, IResponseRecordProtector =>
        builder.ProtectRecords(provider => ActivatorUtilities.CreateInstance<TProtector>(provider));

    /// <summary>Sends records through a protector of your own.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="create">Makes the protector, once.</param>
    /// <returns>The builder.</returns>
    public static IIdempotencyBuilder ProtectRecords(this IIdempotencyBuilder builder, Func<IServiceProvider, IResponseRecordProtector> create)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(create);
        builder.Services.Replace(ServiceDescriptor.Singleton(create));
        return builder;
    }
}
